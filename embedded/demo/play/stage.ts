import type { z } from 'zod';
import type { Person, Platform, Refusal } from '../client/platform.ts';
import * as shapes from '../client/shapes.ts';
import type { StripeSide } from '../client/stripe.ts';
import { until } from '../client/wait.ts';
import type { InFile, Refused } from '../files.ts';
import type { ActivityPlan, Behaviour, Season, SignUp } from '../season.ts';

/** What an act of the season is done with, and to whom it tells how far it is. */
export type Stage = {
  readonly season: Season;
  readonly platform: Platform;
  readonly stripe: StripeSide;
  readonly admin: Person;
  readonly staff: Person;
  /** How many of an act's steps are done. */
  readonly progress: (done: number, total: number) => void;
  /** Somebody or something was turned away, with the row that asked for it. */
  readonly turnedAway: (refused: Refused) => void;
};

/** What an act can do before anybody is there to do it. */
export type Opening = Omit<Stage, 'staff' | 'admin'>;

export type PlayedActivity = { readonly id: string; readonly plan: ActivityPlan };

export const enrollmentShape = shapes.enrollment;
export type EnrollmentSeen = z.output<typeof enrollmentShape>;

/** A sign-up that became an enrollment. */
export type Guest = {
  readonly signUp: SignUp;
  readonly behaviour: InFile<Behaviour> | null;
  readonly person: Person;
  readonly activity: PlayedActivity;
  readonly enrollmentId: string;
};

/** Longest that a saga or a read model may take before the play gives up, in milliseconds. */
export const PATIENCE_MS = 60_000;

/** The enrollment as its owner sees it, once it fits. */
export function seen(
  stage: Stage,
  guest: Guest,
  what: string,
  fits: (enrollment: EnrollmentSeen) => boolean,
): Promise<EnrollmentSeen> {
  const path = `/v1/enrollments/${guest.enrollmentId}`;
  return until(
    `${guest.person.name}, ${guest.activity.plan.title}: ${what}`,
    () => stage.platform.find(path, enrollmentShape, guest.person),
    (found): found is EnrollmentSeen => found !== null && fits(found),
    PATIENCE_MS,
  );
}

/** The enrollment as it is now. */
export const look = (stage: Stage, guest: Guest): Promise<EnrollmentSeen> =>
  seen(stage, guest, 'the enrollment', () => true);

export const nameOf = ({ name, activity }: SignUp): string => `${name || '(no name)'}, ${activity}`;

export const say = ({ code, why }: Refusal): string => `${code}: ${why}`;

/** Runs an act over its items, so many at a time, and tells how far it is. */
export async function overAll<T>(
  stage: Pick<Stage, 'progress'>,
  items: readonly T[],
  work: (item: T) => Promise<void>,
  width = 6,
): Promise<void> {
  let done = 0;
  let next = 0;
  stage.progress(0, items.length);
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) {
      await work(items[index] as T);
      done += 1;
      stage.progress(done, items.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
}
