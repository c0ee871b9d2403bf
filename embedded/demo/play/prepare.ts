import { z } from 'zod';
import type { Person } from '../client/platform.ts';
import * as shapes from '../client/shapes.ts';
import type { ActivityPlan } from '../season.ts';
import { type Opening, overAll, type PlayedActivity, type Stage, say } from './stage.ts';

const anything = z.object({});
const ORGANISER = { name: 'Sam Okafor', email: 'sam.okafor@staff.pawprint.example' };

/** The administrator makes the organiser one of the staff. */
export async function hireStaff({ platform }: Opening): Promise<{ admin: Person; staff: Person }> {
  const admin = await platform.administrator();
  const joined = await platform.join(ORGANISER.name, ORGANISER.email);
  if (!joined.done) throw new Error(`${ORGANISER.email}: ${say(joined.refusal)}`);
  await platform.must({
    path: `/v1/members/${joined.value.id}/roles`,
    body: { role: 'staff' },
    key: `staff|${ORGANISER.email}`,
    shape: anything,
    by: admin,
  });
  // A session knows the roles of the moment it began.
  const again = await platform.join(ORGANISER.name, ORGANISER.email);
  if (!again.done) throw new Error(`${ORGANISER.email}: ${say(again.refusal)}`);
  return { admin, staff: again.value };
}

export async function publishArticles(stage: Stage): Promise<void> {
  const { platform, staff: by, season } = stage;
  await overAll(stage, season.articles, async (article) => {
    const { id } = await platform.must({
      path: '/v1/articles',
      body: { ...article, ...(article.slug.startsWith('hunde-') ? { language: 'de' } : {}) },
      key: `article|${article.slug}`,
      shape: shapes.made,
      by,
    });
    const path = `/v1/articles/${id}/publish`;
    await platform.must({ path, body: {}, key: `publish|${id}`, shape: anything, by });
  });
}

/** Drafts and publishes what the organiser planned; a plan that cannot be is turned away. */
export async function planActivities(stage: Stage): Promise<PlayedActivity[]> {
  const { platform, staff: by, season } = stage;
  const planned: PlayedActivity[] = [];
  await overAll(stage, season.activities, async (plan) => {
    const drafted = await platform.command({
      path: '/v1/activities',
      body: bodyOf(plan),
      key: `activity|${season.year}|${plan.title}`,
      shape: shapes.made,
      by,
    });
    if (!drafted.done) {
      const why = say(drafted.refusal);
      return stage.turnedAway({ file: 'activities.csv', line: plan.line, what: plan.title, why });
    }
    const { id } = drafted.value;
    const path = `/v1/activities/${id}/publish`;
    await platform.must({ path, body: {}, key: `publish|${id}`, shape: anything, by });
    planned.push({ id, plan });
  });
  return planned.sort((one, other) => one.plan.line - other.plan.line);
}

function bodyOf(plan: ActivityPlan): unknown {
  const { title, description, venue, startsAt, endsAt, timeZone, capacity } = plan;
  const { waitlist, seatsPerMember, species, minAgeMonths } = plan;
  const pets = {
    ...(species.length === 0 ? {} : { species }),
    ...(minAgeMonths === null ? {} : { minAgeMonths }),
  };
  return {
    ...{ title, description, venue, startsAt, endsAt, timeZone, capacity },
    ...{ waitlist, seatsPerMember, price: { amount: plan.price, currency: 'EUR' } },
    ...(Object.keys(pets).length === 0 ? {} : { pets }),
  };
}
