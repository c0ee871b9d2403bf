import { sql } from 'kysely';
import { defineLive, pageOfChanges } from '../_runtime/live.ts';
import { normaliseRow } from '../_runtime/rows.ts';
import type { AnyRow, RowOf } from '../_runtime/table.ts';
import { findActivity } from '../activity-catalogue/query.ts';
import { entrySchema, getRoster, petsOf, rosterExample, show } from './query.ts';
import { activityRoster } from './table.ts';

type RosterRow = RowOf<typeof activityRoster>;

export const followRoster = defineLive({
  name: 'follow-roster',
  summary: 'Follow who is enrolled in an activity and who came',
  description:
    'Tells an entry anew whenever something of it changes: a place, a scan at the door, a pet that comes along.',
  query: getRoster,
  item: entrySchema,
  example: rosterExample,
  topics: ({ params }) => [
    ['roster', params.activityId],
    ['pets', null],
  ],
  audience: () => 'staff',
  admit: ({ db }, { activityId }) => findActivity(db, activityId),
  changed: async ({ db }, { activityId }, { after, upTo }) => {
    const { rows: found } = await sql<{ row: AnyRow; at: number }>`
      select * from (
        select to_jsonb(t) as row, greatest(t.changed_ordinal, (
            select max(p.changed_ordinal) from read.pets p where p.pet_id = any(t.pet_ids))) as at
          from read.activity_roster t
         where t.activity_id = ${activityId} and t.ordinal is not null) told
       where at > ${after} and at <= ${upTo} ${pageOfChanges}`.execute(db);
    const rows = found.map(({ row, at }) => ({
      at,
      row: normaliseRow(activityRoster, row) as RosterRow,
    }));
    const pets = await petsOf(
      db,
      rows.map(({ row }) => row),
    );
    return rows.map(({ row, at }) => ({ ordinal: at, item: show(row, pets) }));
  },
});
