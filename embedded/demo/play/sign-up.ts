import type { Person } from '../client/platform.ts';
import * as shapes from '../client/shapes.ts';
import type { SignUp } from '../season.ts';
import { type Guest, nameOf, overAll, type PlayedActivity, type Stage, say } from './stage.ts';

const FILE = 'sign-ups.csv';

/** Everybody who signed up, by the address they wrote; bad addresses are turned away, row by row. */
export async function registerPeople(stage: Stage): Promise<Map<string, Person>> {
  const { platform, season } = stage;
  const people = new Map<string, Person>();
  // One person may write the address in several ways: these go one after the other.
  const persons = [...Map.groupBy(season.signUps, ({ email }) => email.toLowerCase()).values()];
  await overAll(stage, persons, async (rows) => {
    for (const row of rows) {
      if (people.has(row.email)) continue;
      const joined = await platform.join(row.name, row.email);
      if (joined.done) people.set(row.email, joined.value);
      else turnAway(stage, row, say(joined.refusal));
    }
  });
  return people;
}

/**
 * Enrolls in the order of the form: whoever signed up first is asked first. Activities have nothing to
 * do with each other, so they go side by side.
 */
export async function enrollEverybody(
  stage: Stage,
  people: ReadonlyMap<string, Person>,
  activities: readonly PlayedActivity[],
): Promise<Guest[]> {
  const guests: Guest[] = [];
  const byTitle = new Map(activities.map((activity) => [activity.plan.title, activity]));
  const rows = stage.season.signUps.filter(({ email }) => people.has(email));
  const crowds = [...Map.groupBy(rows, ({ activity }) => activity)];
  let done = 0;
  const lanes = crowds.map(async ([title, crowd]) => {
    const activity = byTitle.get(title);
    const before = new Set<string>();
    for (const row of crowd) {
      const guest = await welcome(stage, { row, activity, person: people.get(row.email), before });
      if (guest !== null) guests.push(guest);
      stage.progress(++done, rows.length);
    }
  });
  await Promise.all(lanes);
  return guests.sort((one, other) => one.signUp.line - other.signUp.line);
}

type Arrival = {
  readonly row: SignUp;
  readonly activity: PlayedActivity | undefined;
  readonly person: Person | undefined;
  /** What was sent for this activity before. */
  readonly before: Set<string>;
};

async function welcome(stage: Stage, arrival: Arrival): Promise<Guest | null> {
  const { row, activity, person, before } = arrival;
  if (activity === undefined || person === undefined) {
    return turnAway(stage, row, `there is no activity "${row.activity}"`);
  }
  const { line: _line, ...wish } = row;
  const key = `enroll|${stage.season.year}|${JSON.stringify(wish)}`;
  if (before.has(key)) return turnAway(stage, row, 'sent twice: it is the same enrollment');
  before.add(key);
  const pet = await petOf(stage, row, person);
  if (pet === 'refused') return null;
  const enrolled = await stage.platform.command({
    path: `/v1/activities/${activity.id}/enrollments`,
    body: { joinWaitlist: activity.plan.waitlist, ...(pet === null ? {} : { petIds: [pet] }) },
    key,
    shape: shapes.enrolled,
    by: person,
  });
  if (!enrolled.done) return turnAway(stage, row, say(enrolled.refusal));
  const behaviour = stage.season.behaviours.find(
    ({ email, activity: title }) => email === person.email.toLowerCase() && title === row.activity,
  );
  const { id: enrollmentId } = enrolled.value;
  return { signUp: row, behaviour: behaviour ?? null, person, activity, enrollmentId };
}

/** The pet that comes along, added to its owner's once. */
async function petOf(stage: Stage, row: SignUp, by: Person): Promise<string | null | 'refused'> {
  if (row.petName === '') return null;
  const added = await stage.platform.command({
    path: '/v1/pets',
    body: { name: row.petName, species: row.species, breed: '', birthDate: row.born },
    key: `pet|${stage.season.year}|${by.email.toLowerCase()}|${row.petName}`,
    shape: shapes.made,
    by,
  });
  if (added.done) return added.value.id;
  turnAway(stage, row, say(added.refusal));
  return 'refused';
}

function turnAway(stage: Stage, row: SignUp, why: string): null {
  stage.turnedAway({ file: FILE, line: row.line, what: nameOf(row), why });
  return null;
}
