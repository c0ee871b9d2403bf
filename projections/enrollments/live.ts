import { sql } from 'kysely';
import { defineLive, pageOfChanges } from '../_runtime/live.ts';
import { NotFoundError } from '../_runtime/query.ts';
import { normaliseRow } from '../_runtime/rows.ts';
import type { AnyRow, RowOf } from '../_runtime/table.ts';
import {
  activitiesOf,
  enrollmentExample,
  enrollmentSchema,
  listMyEnrollments,
  show,
} from './query.ts';
import { enrollments } from './table.ts';

type EnrollmentRow = RowOf<typeof enrollments>;

export const followMyEnrollments = defineLive({
  name: 'follow-my-enrollments',
  summary: "Follow the asker's own enrollments",
  description:
    'Tells an enrollment anew whenever something of it changes, or the plan of its activity does.',
  query: listMyEnrollments,
  item: enrollmentSchema,
  example: enrollmentExample,
  topics: ({ principal }) => [
    ['enrollments', principal.kind === 'person' ? principal.id : ''],
    ['activity-plans', null],
  ],
  audience: (principal) => (principal.kind === 'person' ? principal.id : 'nobody'),
  admit: async ({ principal }) => {
    if (principal.kind !== 'person') throw new NotFoundError('Nobody is logged in.');
  },
  changed: async (context, _params, { after, upTo }) => {
    const { db, principal } = context;
    if (principal.kind !== 'person') throw new NotFoundError('Nobody is logged in.');
    const { rows: found } = await sql<{ row: AnyRow; at: number }>`
      select * from (
        select to_jsonb(t) as row, greatest(t.changed_ordinal, a.plan_ordinal) as at
          from read.enrollments t left join read.activity_catalogue a using (activity_id)
         where t.member_id = ${principal.id}) told
       where at > ${after} and at <= ${upTo} ${pageOfChanges}`.execute(db);
    const rows = found.map(({ row, at }) => ({
      at,
      row: normaliseRow(enrollments, row) as EnrollmentRow,
    }));
    const activities = await activitiesOf(
      context,
      rows.map(({ row }) => row),
    );
    return rows.map(({ row, at }) => ({
      ordinal: at,
      item: show(row, activities.get(row.activity_id), context),
    }));
  },
});
