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
import {
  from,
  moneyOf,
  replyInstant,
  rowsOf,
  signedMoneySchema,
  sumSchema,
} from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { findActivity } from '../activity-catalogue/query.ts';
import { listCashRefunds } from './cash-refunds.ts';
import { type Cause, causes } from './judge.ts';
import { reconciliationPayments, reconciliationTills } from './table.ts';

const causeSchema = z.enum(Object.keys(causes) as [Cause, ...Cause[]]);
const statusSchema = z.enum(['agrees', 'open', 'break']).meta({
  description: '`open`: waiting may settle it. `break`: somebody has to look.',
});
/** What payments come to. */
const totalSchema = signedMoneySchema.extend({ amount: sumSchema.min(0) });
const differenceSchema = sumSchema.meta({
  description: 'Net of our log less net of the statement, in minor units; 0 when they agree',
  example: 0,
});

const tillSchema = z.strictObject({
  tillId: idSchema('til'),
  status: statusSchema,
  float: moneySchema,
  taken: moneySchema.nullable().meta({ description: 'Null while it is open: it is counted blind' }),
  paidOut: moneySchema.nullable(),
  expected: moneySchema.nullable(),
  counted: moneySchema.nullable(),
  difference: minorUnitsSchema.meta({
    description: 'Expected less counted, in minor units: above 0 short, below 0 over',
  }),
});

type TillRow = RowOf<typeof reconciliationTills>;

function showTill(row: TillRow): z.output<typeof tillSchema> {
  const money = (amount: number | null) => (amount === null ? null : moneyOf(amount, row.currency));
  return {
    tillId: row.till_id as `til_${string}`,
    status: row.status as z.output<typeof statusSchema>,
    float: moneyOf(row.float, row.currency),
    taken: money(row.taken),
    paidOut: money(row.paid_out),
    expected: money(row.expected),
    counted: money(row.counted),
    difference: row.difference,
  };
}

const paymentSchema = z.strictObject({
  paymentId: idSchema('pay'),
  enrollmentId: idSchema('enr').nullable(),
  method: z.enum(['card', 'cash']),
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
  till: z
    .strictObject({ tillId: idSchema('til').nullable(), taken: moneySchema, paidOut: moneySchema })
    .nullable()
    .meta({ description: 'What the tills say of a cash payment; null for a card' }),
});

type PaymentRow = RowOf<typeof reconciliationPayments>;

function showPayment(row: PaymentRow): z.output<typeof paymentSchema> {
  const money = (amount: number) => moneyOf(amount, row.currency);
  const theirs = (amount: number) => moneyOf(amount, row.statement_currency ?? row.currency);
  return {
    paymentId: row.payment_id as `pay_${string}`,
    enrollmentId: row.enrollment_id as `enr_${string}` | null,
    method: row.method as 'card' | 'cash',
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
    till:
      row.method === 'cash'
        ? {
            tillId: row.till_id as `til_${string}` | null,
            taken: money(row.till_taken),
            paidOut: money(row.till_paid_out),
          }
        : null,
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
  'till_taken',
  'till_paid_out',
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
  method: 'card',
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
  till: null,
};

export const getReconciliation = defineQuery({
  name: 'get-reconciliation',
  summary: "Compare an activity's takings with Stripe's statement and the tills, to the cent",
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
    takings: totalSchema,
    refunds: totalSchema,
    refundsPending: totalSchema,
    fees: signedMoneySchema,
    net: signedMoneySchema.meta({ description: 'Takings less refunds and fees' }),
    statement: paymentSchema.shape.statement.omit({ lines: true }),
    cash: z
      .strictObject({ taken: totalSchema, paidOut: totalSchema })
      .meta({ description: 'What the tills took and paid out, counted or not' }),
    tills: z.array(tillSchema),
    difference: differenceSchema.meta({
      description:
        'Net of our log less net of statement and tills, and what counts were short of; 0 when all agree',
    }),
    payments: z.int().min(0),
    openItems: z
      .int()
      .min(0)
      .meta({ description: 'Payments for which waiting may settle it, and tills to be counted' }),
    breaks: z.int().min(0).meta({ description: 'Payments and tills somebody has to look at' }),
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
      cash: { taken: eur(0), paidOut: eur(0) },
      tills: [],
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
    const [sum, tills] = await Promise.all([
      totalsOf(db, activityId),
      rowsOf(
        reconciliationTills,
        from(db, reconciliationTills)
          .where('t.activity_id', '=', activityId)
          .orderBy('t.ordinal')
          .orderBy('t.till_id'),
      ),
    ]);
    const open = sum.open + tills.filter((till) => till.status === 'open').length;
    const breaks = sum.breaks + tills.filter((till) => till.status === 'break').length;
    // An activity has one price, so its payments have one currency; one that has not is a break.
    const money = (amount: number) => moneyOf(amount, activity.price_currency);
    return {
      ...page,
      activityId,
      status: overall({ open, breaks }),
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
      cash: { taken: money(sum.till_taken), paidOut: money(sum.till_paid_out) },
      tills: tills.map(showTill),
      difference: tills.reduce((total, till) => total + till.difference, sum.difference),
      payments: sum.payments,
      openItems: open,
      breaks,
    };
  },
});

function overall({ open, breaks }: Pick<Totals, 'open' | 'breaks'>): z.output<typeof statusSchema> {
  if (breaks > 0) return 'break';
  return open > 0 ? 'open' : 'agrees';
}

const otherCauseSchema = z.enum([
  'unmatched-statement-line',
  'till-not-counted',
  'till-short',
  'till-over',
]);

const breakSchema = z.strictObject({
  kind: z.enum(['payment', 'statement-line', 'till']),
  status: z.enum(['open', 'break']),
  causes: z.array(z.union([causeSchema, otherCauseSchema])),
  difference: signedMoneySchema.meta({ description: 'Our log less the statement' }),
  paymentId: idSchema('pay').nullable(),
  balanceTransactionId: z.string().nullable(),
  tillId: idSchema('til').nullable(),
  activityId: idSchema('act').nullable(),
  ordinal: z.int().min(1),
});

type BreakRow = {
  readonly kind: 'payment' | 'statement-line' | 'till';
  readonly status: 'open' | 'break';
  readonly causes: (Cause | z.output<typeof otherCauseSchema>)[];
  readonly difference: number | string;
  readonly currency: string;
  readonly payment_id: `pay_${string}` | null;
  readonly balance_transaction_id: string | null;
  readonly till_id: `til_${string}` | null;
  readonly activity_id: `act_${string}` | null;
  readonly ordinal: number | string;
};

export const listBreaks = defineQuery({
  name: 'list-breaks',
  summary: "List everything our log differs in from Stripe's statement and the tills",
  description:
    'Payments that are open or broken, lines of the statement that are about no payment of ours, and tills that are not counted yet, over or short.',
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
          tillId: null,
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
    // One event makes at most one of the three kinds of rows new, so ordinals do not meet.
    const { rows } = await sql<BreakRow>`
      select 'payment' as kind, status, causes, difference, currency, payment_id,
        null as balance_transaction_id, null as till_id, activity_id, ordinal
      from read.reconciliation_payments
      where status = any (${statuses}) and ordinal > ${after}::bigint
      union all
      select 'statement-line', status, array['unmatched-statement-line'], -net, currency, null,
        balance_transaction_id, null, activity_id, ordinal
      from read.statement_lines
      where status = any (${statuses}) and ordinal > ${after}::bigint
      union all
      select 'till', status, array[case when status = 'open' then 'till-not-counted'
          when difference > 0 then 'till-short' else 'till-over' end], difference, currency, null,
        null, till_id, activity_id, ordinal
      from read.reconciliation_tills
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
  tillId: row.till_id,
  activityId: row.activity_id,
  ordinal: Number(row.ordinal),
});

export const reconciliationQueries: readonly QueryDefinition[] = [
  getReconciliation,
  listBreaks,
  listCashRefunds,
];
