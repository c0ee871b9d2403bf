import type { z } from 'zod';
import type { QueryContext, ReadDatabase } from '../../projections/_runtime/query.ts';
import { getActivity, listActivities } from '../../projections/activity-catalogue/query.ts';
import { getRoster } from '../../projections/activity-roster/query.ts';
import type { Cell } from '../_runtime/csv.ts';
import { allOf, exportContext, PAGE } from '../_runtime/read-models.ts';
import { renderFile } from '../_runtime/sealed-file.ts';
import { type Outcome, outcomes, participationFile } from './file.ts';

type Activity = z.output<typeof getActivity.reply>;
type Entry = Pick<z.output<typeof getRoster.reply>['items'][number], 'status' | 'admittedAt'>;
export type Participation = Pick<
  Activity,
  'id' | 'title' | 'status' | 'startsAt' | 'endsAt' | 'timeZone'
> & { readonly capacity: number; readonly counts: Readonly<Record<Outcome, number>> };

/** The one outcome of an enrollment. Who was admitted attended, whatever came later. */
export function outcomeOf({ status, admittedAt }: Entry, isOver: boolean): Outcome {
  if (admittedAt !== null) return 'attended';
  if (status !== 'confirmed') return status;
  return isOver ? 'no_show' : 'expected';
}

/** The summary as a file: one line for each activity, and no person in it. Pure. */
export function renderParticipation(
  activities: AsyncIterable<Participation> | Iterable<Participation>,
  { asOf }: { asOf: string },
): AsyncIterable<string> {
  return renderFile(participationFile, { as_of: asOf }, rowsOf(activities));
}

async function* rowsOf(
  activities: AsyncIterable<Participation> | Iterable<Participation>,
): AsyncIterable<readonly Cell[]> {
  for await (const activity of activities) {
    const counts = outcomes.map((outcome) => activity.counts[outcome]);
    const { id, title, status, startsAt, endsAt, timeZone, capacity } = activity;
    const enrolled = counts.reduce((sum, count) => sum + count, 0);
    yield [id, title, status, startsAt, endsAt, timeZone, capacity, enrolled, ...counts];
  }
}

/**
 * Exports what became of the enrollments of one activity, or of all that were published, cancelled
 * ones included. `asOf` (an ISO instant) decides who is expected and who did not come.
 */
export function exportParticipation(options: {
  db: ReadDatabase;
  asOf: string;
  activityId?: `act_${string}`;
}): AsyncIterable<string> {
  const { db, asOf, activityId } = options;
  const context = exportContext(db, asOf);
  const activities =
    activityId === undefined ? publishedActivities(context) : oneActivity(context, activityId);
  return renderParticipation(counted(context, activities), { asOf });
}

/** One activity, as a list of it. Throws `NotFoundError`. */
export async function* oneActivity(
  context: QueryContext,
  activityId: `act_${string}`,
): AsyncIterable<Activity> {
  yield await getActivity.run(context, { params: { activityId }, query: {} });
}

/** Every activity that was published, cancelled ones included. */
export async function* publishedActivities(context: QueryContext): AsyncIterable<Activity> {
  for (const status of ['published', 'cancelled'] as const) {
    yield* allOf((cursor) =>
      listActivities.run(context, { params: {}, query: { status, limit: PAGE, cursor } }),
    );
  }
}

async function* counted(
  context: QueryContext,
  activities: AsyncIterable<Activity>,
): AsyncIterable<Participation> {
  for await (const activity of activities) {
    const counts = Object.fromEntries(outcomes.map((name) => [name, 0])) as Record<Outcome, number>;
    const isOver = activity.endsAt <= context.now;
    const roster = allOf((cursor) =>
      getRoster.run(context, {
        params: { activityId: activity.id },
        query: { limit: PAGE, cursor },
      }),
    );
    for await (const entry of roster) counts[outcomeOf(entry, isOver)] += 1;
    yield { ...activity, capacity: activity.availability.capacity, counts };
  }
}
