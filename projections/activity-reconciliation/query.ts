import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { type currencySchema, minorUnitsSchema, moneySchema } from '../../domain/_kernel/money.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageOf,
  pageSchema,
} from '../_runtime/paging.ts';
import {
  defineQuery,
  type QueryDefinition,
  type ReadDatabase,
  readRoles,
} from '../_runtime/query.ts';
import { from, moneyOf, replyInstant, rowsOf, signedMoneySchema } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { findActivity } from '../activity-catalogue/query.ts';
import { type Cause, causes } from './judge.ts';
import { reconciliationPayments } from './table.ts';

const causeSchema = z.enum(Object.keys(causes) as [Cause, ...Cause[]]);
const statusSchema = z.enum(['agrees', 'open', 'break']).meta({
  description: '`open`: waiting may settle it. `break`: somebody has to look.',
});
const differenceSchema = minorUnitsSchema.meta({
  description: 'Net of our log less net of the statement, in minor units; 0 when they agree',
  example: 0,
});

const paymentSchema = z.strictObject({
  paymentId: idSchema('pay'),
  enrollmentId: idSchema('enr').nullable(),
  status: statusSchema,
  causes: z.array(causeSchema),
  difference: differenceSchema,
  captured: moneySchema,
  capturedAt: replyInstant.nullable(),
  fee: signedMoneySchema.nullable().meta({ description: "Null: Stripe's fee is not known yet" }),
  refunded: moneySchema,
  refundsPending: moneySchema,
  net: signedMoneySchema,
  statement: z.strictObject({
    lines: z.int().min(0),
    gross: signedMoneySchema.meta({ description: 'Charges' }),
    refunds: signedMoneySchema,
    other: signedMoneySchema.meta({ description: 'Disputes, adjustments and the like' }),
    fees: signedMoneySchema,
    net: signedMoneySchema,
  }),
});

type PaymentRow = RowOf<typeof reconciliationPayments>;

function showPayment(row: PaymentRow): z.output<typeof paymentSchema> {
  const money = (amount: number) => moneyOf(amount, row.currency);
  const theirs = (amount: number) => moneyOf(amount, row.statement_currency ?? row.currency);
  return {
    paymentId: row.payment_id as `pay_${string}`,
    enrollmentId: row.enrollment_id as `enr_${string}` | null,
    status: row.status as z.output<typeof statusSchema>,
    causes: row.causes as Cause[],
    difference: row.difference,
    captured: money(row.captured),
    capturedAt: row.captured_at,
    fee: row.fee === null ? null : money(row.fee),
    refunded: money(row.refunded),
    refundsPending: money(row.refunds_pending),
    net: money(row.captured - (row.fee ?? 0) - row.refunded),
    statement: {
      lines: row.statement_lines,
      gross: theirs(row.statement_charges),
      refunds: theirs(row.statement_refunds),
      other: theirs(row.statement_other),
      fees: theirs(row.statement_fees),
      net: theirs(row.statement_net),
    },
  };
}

const totals = [
  'captured',
  'fee',
  'refunded',
  'refunds_pending',
  'statement_charges',
  'statement_refunds',
  'statement_other',
  'statement_fees',
  'statement_net',
  'difference',
] as const;
type Totals = Record<(typeof totals)[number] | 'payments' | 'open' | 'breaks', number>;

async function totalsOf(db: ReadDatabase, activityId: string): Promise<Totals> {
  const sums = totals.map(
    (name) => sql`coalesce(sum(${sql.ref(name)}), 0)::text as ${sql.ref(name)}`,
  );
  const { rows } = await sql<Record<string, string>>`
    select ${sql.join(sums)}, count(*)::text as payments,
      count(*) filter (where status = 'open')::text as open,
      count(*) filter (where status = 'break')::text as breaks
    from read.reconciliation_payments where activity_id = ${activityId}`.execute(db);
  return Object.fromEntries(
    Object.entries(rows[0] ?? {}).map(([name, text]) => [name, Number(text)]),
  ) as Totals;
}

const permission = readRoles('finance', 'auditor', 'admin');
const tag = 'Finance';
const eur = (amount: number) => ({ amount, currency: 'EUR' as const });
const examplePayment: z.input<typeof paymentSchema> = {
  paymentId: deriveId('pay', 'example'),
  enrollmentId: deriveId('enr', 'example'),
  status: 'agrees',
  causes: [],
  difference: 0,
  captured: eur(2625),
  capturedAt: '2026-04-01T08:01:00.000Z',
  fee: eur(64),
  refunded: eur(0),
  refundsPending: eur(0),
  net: eur(2561),
  statement: {
    lines: 1,
    gross: eur(2625),
    refunds: eur(0),
    other: eur(0),
    fees: eur(64),
    net: eur(2561),
  },
};

export const getReconciliation = defineQuery({
  name: 'get-reconciliation',
  summary: "Compare an activity's takings with Stripe's statement, to the cent",
  description:
    'Totals are over all payments of the activity; the payments themselves come in pages, in the order in which their money was first heard of. `status` picks those that are open or broken.',
  tag,
  path: '/v1/finance/reconciliation/:activityId',
  permission,
  params: z.strictObject({ activityId: idSchema('act') }),
  querystring: z.strictObject({
    status: statusSchema.optional(),
    limit: limitSchema,
    cursor: cursorSchema('number'),
  }),
  reply: pageSchema(paymentSchema, {
    activityId: idSchema('act'),
    status: statusSchema,
    takings: moneySchema,
    refunds: moneySchema,
    refundsPending: moneySchema,
    fees: signedMoneySchema,
    net: signedMoneySchema.meta({ description: 'Takings less refunds and fees' }),
    statement: paymentSchema.shape.statement.omit({ lines: true }),
    difference: differenceSchema,
    payments: z.int().min(0),
    openItems: z.int().min(0).meta({ description: 'Payments for which waiting may settle it' }),
    breaks: z.int().min(0).meta({ description: 'Payments somebody has to look at' }),
  }),
  example: {
    params: { activityId: deriveId('act', 'example') },
    querystring: { limit: 50 },
    reply: {
      activityId: deriveId('act', 'example'),
      status: 'agrees',
      takings: eur(2625),
      refunds: eur(0),
      refundsPending: eur(0),
      fees: eur(64),
      net: eur(2561),
      statement: {
        gross: eur(2625),
        refunds: eur(0),
        other: eur(0),
        fees: eur(64),
        net: eur(2561),
      },
      difference: 0,
      payments: 1,
      openItems: 0,
      breaks: 0,
      items: [examplePayment],
      nextCursor: null,
    },
  },
  projections: ['activity-reconciliation', 'activity-catalogue'],
  run: async ({ db }, { params: { activityId }, query: { status, limit, cursor } }) => {
    const activity = await findActivity(db, activityId);
    let query = from(db, reconciliationPayments)
      .where('t.activity_id', '=', activityId)
      .orderBy('t.ordinal')
      .orderBy('t.payment_id')
      .limit(limit + 1);
    if (status !== undefined) query = query.where('t.status', '=', status);
    if (cursor !== undefined) {
      query = query.where(sql<boolean>`t.ordinal > ${decodeCursor(cursor)[0]}::bigint`);
    }
    const page = pageOf(await rowsOf(reconciliationPayments, query), limit, showPayment, (row) =>
      encodeCursor(row.ordinal),
    );
    const sum = await totalsOf(db, activityId);
    // An activity has one price, so its payments have one currency; one that has not is a break.
    const money = (amount: number) => moneyOf(amount, activity.price_currency);
    return {
      ...page,
      activityId,
      status: overall(sum),
      takings: money(sum.captured),
      refunds: money(sum.refunded),
      refundsPending: money(sum.refunds_pending),
      fees: money(sum.fee),
      net: money(sum.captured - sum.refunded - sum.fee),
      statement: {
        gross: money(sum.statement_charges),
        refunds: money(sum.statement_refunds),
        other: money(sum.statement_other),
        fees: money(sum.statement_fees),
        net: money(sum.statement_net),
      },
      difference: sum.difference,
      payments: sum.payments,
      openItems: sum.open,
      breaks: sum.breaks,
    };
  },
});

function overall({ open, breaks }: Totals): z.output<typeof statusSchema> {
  if (breaks > 0) return 'break';
  return open > 0 ? 'open' : 'agrees';
}

const breakSchema = z.strictObject({
  kind: z.enum(['payment', 'statement-line']),
  status: z.enum(['open', 'break']),
  causes: z.array(z.union([causeSchema, z.literal('unmatched-statement-line')])),
  difference: signedMoneySchema.meta({ description: 'Our log less the statement' }),
  paymentId: idSchema('pay').nullable(),
  balanceTransactionId: z.string().nullable(),
  activityId: idSchema('act').nullable(),
  ordinal: z.int().min(1),
});

type BreakRow = {
  readonly kind: 'payment' | 'statement-line';
  readonly status: 'open' | 'break';
  readonly causes: (Cause | 'unmatched-statement-line')[];
  readonly difference: number | string;
  readonly currency: string;
  readonly payment_id: `pay_${string}` | null;
  readonly balance_transaction_id: string | null;
  readonly activity_id: `act_${string}` | null;
  readonly ordinal: number | string;
};

export const listBreaks = defineQuery({
  name: 'list-breaks',
  summary: "List everything our log and Stripe's statement differ in",
  description:
    'Payments that are open or broken, and lines of the statement that are about no payment of ours.',
  tag,
  path: '/v1/finance/breaks',
  permission,
  params: z.strictObject({}),
  querystring: z.strictObject({
    status: z.enum(['open', 'break']).optional(),
    limit: limitSchema,
    cursor: cursorSchema('number'),
  }),
  reply: pageSchema(breakSchema),
  example: {
    params: {},
    querystring: { status: 'break', limit: 50 },
    reply: {
      items: [
        {
          kind: 'payment',
          status: 'break',
          causes: ['amount-differs'],
          difference: eur(-100),
          paymentId: deriveId('pay', 'example'),
          balanceTransactionId: null,
          activityId: deriveId('act', 'example'),
          ordinal: 4711,
        },
      ],
      nextCursor: null,
    },
  },
  projections: ['activity-reconciliation'],
  run: async ({ db }, { query: { status, limit, cursor } }) => {
    const after = cursor === undefined ? 0 : decodeCursor(cursor)[0];
    const statuses = status === undefined ? ['open', 'break'] : [status];
    // One event makes at most one of the two kinds of rows new, so ordinals do not meet.
    const { rows } = await sql<BreakRow>`
      select 'payment' as kind, status, causes, difference, currency, payment_id,
        null as balance_transaction_id, activity_id, ordinal
      from read.reconciliation_payments
      where status = any (${statuses}) and ordinal > ${after}::bigint
      union all
      select 'statement-line', status, array['unmatched-statement-line'], -net, currency, null,
        balance_transaction_id, activity_id, ordinal
      from read.statement_lines
      where status = any (${statuses}) and ordinal > ${after}::bigint
      order by ordinal limit ${limit + 1}`.execute(db);
    return pageOf(rows, limit, showBreak, (row) => encodeCursor(Number(row.ordinal)));
  },
});

const showBreak = (row: BreakRow): z.output<typeof breakSchema> => ({
  kind: row.kind,
  status: row.status,
  causes: row.causes,
  difference: {
    amount: Number(row.difference),
    currency: row.currency as z.output<typeof currencySchema>,
  },
  paymentId: row.payment_id,
  balanceTransactionId: row.balance_transaction_id,
  activityId: row.activity_id,
  ordinal: Number(row.ordinal),
});

export const reconciliationQueries: readonly QueryDefinition[] = [getReconciliation, listBreaks];
