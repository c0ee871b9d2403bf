import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageOf,
  pageSchema,
} from '../_runtime/paging.ts';
import { defineQuery, readRoles } from '../_runtime/query.ts';
import { from, moneyOf, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { findActivity } from '../activity-catalogue/query.ts';
import type { Refunds } from './judge.ts';
import { reconciliationPayments } from './table.ts';

const owedSchema = z.strictObject({
  paymentId: idSchema('pay'),
  enrollmentId: idSchema('enr').nullable(),
  refunds: z.array(z.strictObject({ refundId: idSchema('ref'), amount: moneySchema })),
});

function show(row: RowOf<typeof reconciliationPayments>): z.output<typeof owedSchema> {
  const pending = Object.entries(row.refunds as Refunds).filter(
    ([, { status }]) => status === 'pending',
  );
  return {
    paymentId: row.payment_id as `pay_${string}`,
    enrollmentId: row.enrollment_id as `enr_${string}` | null,
    refunds: pending.map(([refundId, { amount }]) => ({
      refundId: refundId as `ref_${string}`,
      amount: moneyOf(amount, row.currency),
    })),
  };
}

export const listCashRefunds = defineQuery({
  name: 'list-cash-refunds',
  summary: 'List what an activity owes back in cash, by payment',
  description: 'Staff pay it out at a till. A refund is listed until it is paid out.',
  tag: 'Finance',
  path: '/v1/activities/:activityId/cash-refunds',
  permission: readRoles('staff', 'finance', 'auditor', 'admin'),
  params: z.strictObject({ activityId: idSchema('act') }),
  querystring: z.strictObject({ limit: limitSchema, cursor: cursorSchema('number') }),
  reply: pageSchema(owedSchema),
  example: {
    params: { activityId: deriveId('act', 'example') },
    querystring: { limit: 50 },
    reply: {
      items: [
        {
          paymentId: deriveId('pay', 'example'),
          enrollmentId: deriveId('enr', 'example'),
          refunds: [
            {
              refundId: deriveId('ref', 'example'),
              amount: { amount: 2500, currency: 'EUR' },
            },
          ],
        },
      ],
      nextCursor: null,
    },
  },
  projections: ['activity-reconciliation', 'activity-catalogue'],
  run: async ({ db }, { params: { activityId }, query: { limit, cursor } }) => {
    await findActivity(db, activityId);
    let query = from(db, reconciliationPayments)
      .where('t.activity_id', '=', activityId)
      .where('t.method', '=', 'cash')
      .where('t.refunds_pending', '>', 0)
      .orderBy('t.ordinal')
      .limit(limit + 1);
    if (cursor !== undefined) {
      query = query.where(sql<boolean>`t.ordinal > ${decodeCursor(cursor)[0]}::bigint`);
    }
    const rows = await rowsOf(reconciliationPayments, query);
    return pageOf(rows, limit, show, (row) => encodeCursor(row.ordinal));
  },
});
