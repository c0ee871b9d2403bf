import { sql } from 'kysely';
import { defineLive } from '../_runtime/live.ts';
import { from, isStaff, rowsOf } from '../_runtime/read.ts';
import { activitySchema, findVisibleActivity, getActivity, showActivity } from './query.ts';
import { activityCatalogue } from './table.ts';

export const followActivity = defineLive({
  name: 'follow-activity',
  summary: 'Follow an activity with its availability',
  description:
    'Tells the activity anew whenever a place is taken or free again, or its plan changes.',
  query: getActivity,
  item: activitySchema,
  example: getActivity.example.reply,
  topics: ({ params }) => [['activity', params.activityId]],
  audience: (principal) => (isStaff(principal) ? 'staff' : 'public'),
  admit: (context, { activityId }) => findVisibleActivity(context, activityId),
  changed: async ({ db }, { activityId }, { after, upTo }) => {
    const rows = await rowsOf(
      activityCatalogue,
      from(db, activityCatalogue)
        .where('t.activity_id', '=', activityId)
        .where(sql<boolean>`t.changed_ordinal > ${after} and t.changed_ordinal <= ${upTo}`),
    );
    return rows.map((row) => ({ ordinal: row.changed_ordinal ?? 0, item: showActivity(row) }));
  },
});
