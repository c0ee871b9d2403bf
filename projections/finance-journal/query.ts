import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, eventIdOf, idSchema, PAWPRINT_NAMESPACE } from '../../domain/_kernel/ids.ts';
import { currencySchema, minorUnitsSchema } from '../../domain/_kernel/money.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageSchema,
} from '../_runtime/paging.ts';
import {
  defineQuery,
  type QueryDefinition,
  type ReadDatabase,
  readRoles,
} from '../_runtime/query.ts';
import { replyInstant, sumSchema } from '../_runtime/read.ts';
import { normaliseRow } from '../_runtime/rows.ts';
import type { AnyRow, RowOf } from '../_runtime/table.ts';
import { type Account, accounts } from './accounts.ts';
import { financeJournal } from './table.ts';

const accountSchema = z.enum(Object.keys(accounts) as [Account, ...Account[]]);
const amountSchema = minorUnitsSchema.min(0);
const ordinalSchema = z.int().min(1).meta({ description: 'Place in the log', example: 4711 });

const lineSchema = z.strictObject({
  journalId: z.uuid().meta({ description: 'The entry: id of the event that it books' }),
  line: z.int().min(1),
  ordinal: ordinalSchema,
  occurredAt: replyInstant,
  recordedAt: replyInstant,
  eventType: z.string(),
  account: accountSchema,
  debit: amountSchema,
  credit: amountSchema,
  currency: currencySchema,
  activityId: idSchema('act'),
  enrollmentId: idSchema('enr').nullable().meta({ description: 'Null where a till was counted' }),
  paymentId: idSchema('pay').nullable(),
  memo: z.string(),
});

/** Control totals: what whoever takes the page in has to come to as well. */
const totalsSchema = z.strictObject({
  from: ordinalSchema.nullable().meta({ description: 'First ordinal of the page' }),
  to: ordinalSchema.nullable().meta({ description: 'Last ordinal of the page' }),
  entries: z.int().min(0),
  count: z.int().min(0).meta({ description: 'Lines' }),
  sums: z.array(
    z.strictObject({ currency: currencySchema, debit: sumSchema.min(0), credit: sumSchema.min(0) }),
  ),
});

type LineRow = RowOf<typeof financeJournal>;

const show = (row: LineRow): z.output<typeof lineSchema> => ({
  journalId: row.journal_id,
  line: row.line,
  ordinal: row.ordinal,
  occurredAt: row.occurred_at,
  recordedAt: row.recorded_at,
  eventType: row.event_type,
  account: row.account as Account,
  debit: row.debit,
  credit: row.credit,
  currency: row.currency as z.output<typeof currencySchema>,
  activityId: row.activity_id as `act_${string}`,
  enrollmentId: row.enrollment_id as `enr_${string}` | null,
  paymentId: row.payment_id as `pay_${string}` | null,
  memo: row.memo,
});

function totalsOf(rows: readonly LineRow[]): z.output<typeof totalsSchema> {
  const sums = new Map<string, { debit: number; credit: number }>();
  for (const { currency, debit, credit } of rows) {
    const sum = sums.get(currency) ?? { debit: 0, credit: 0 };
    sums.set(currency, { debit: sum.debit + debit, credit: sum.credit + credit });
  }
  return {
    from: rows[0]?.ordinal ?? null,
    to: rows.at(-1)?.ordinal ?? null,
    entries: new Set(rows.map((row) => row.journal_id)).size,
    count: rows.length,
    sums: [...sums]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, sum]) => ({
        currency: currency as z.output<typeof currencySchema>,
        ...sum,
      })),
  };
}

/**
 * The oldest event of the journal that is parked. The feed ends before it: lines that come after
 * their readers have gone past would never be read.
 */
async function parkedFrom(db: ReadDatabase): Promise<number | null> {
  const { rows } = await sql<{ ordinal: number | string | null }>`
    select min(ordinal) as ordinal from projection.parked
    join projection.versions using (projection, version)
    where projection = 'finance-journal' and live`.execute(db);
  const ordinal = rows[0]?.ordinal ?? null;
  return ordinal === null ? null : Number(ordinal);
}

type Feed = {
  readonly after: number;
  readonly parked: number | null;
  readonly activityId: string | undefined;
  readonly limit: number;
};

/** Whole entries after an ordinal, one more than the page holds. */
function linesAfter(db: ReadDatabase, { after, parked, activityId, limit }: Feed) {
  return sql<{ row: AnyRow }>`
    with picked as (
        select distinct ordinal from read.finance_journal
        where ordinal > ${after}::bigint
          and ordinal < ${parked ?? Number.MAX_SAFE_INTEGER}::bigint
          ${activityId === undefined ? sql`` : sql`and activity_id = ${activityId}`}
        order by ordinal limit ${limit + 1})
      select to_jsonb(t) as row from read.finance_journal t join picked using (ordinal)
      order by t.ordinal, t.line`.execute(db);
}

const example: z.input<typeof lineSchema> = {
  journalId: eventIdOf(PAWPRINT_NAMESPACE, 'payment', 0),
  line: 1,
  ordinal: 4711,
  occurredAt: '2026-04-01T08:01:00.000Z',
  recordedAt: '2026-04-01T08:01:01.000Z',
  eventType: 'PaymentSucceeded',
  account: 'stripe-clearing',
  debit: 2625,
  credit: 0,
  currency: 'EUR',
  activityId: deriveId('act', 'example'),
  enrollmentId: deriveId('enr', 'example'),
  paymentId: deriveId('pay', 'example'),
  memo: 'Card payment captured',
};

export const listJournal = defineQuery({
  name: 'list-journal',
  summary: 'Feed the double-entry journal, in order, with control totals',
  description:
    'A page holds whole entries, so each page balances. Lines never change; a correction is an entry of its own. To go on from where a page ended, also from the last one, use `resumeCursor`.',
  tag: 'Finance',
  path: '/v1/finance/journal',
  permission: readRoles('finance', 'auditor', 'admin'),
  params: z.strictObject({}),
  querystring: z.strictObject({
    activityId: idSchema('act').optional(),
    limit: limitSchema.meta({ description: 'Most entries of the page' }),
    cursor: cursorSchema('number'),
  }),
  reply: pageSchema(lineSchema, {
    totals: totalsSchema,
    resumeCursor: z
      .string()
      .nullable()
      .meta({ description: 'Where to go on, once there is more; null before the first entry' }),
    heldBackFrom: ordinalSchema.nullable().meta({
      description:
        'The feed ends before this ordinal for now: the event there could not be booked yet',
    }),
  }),
  example: {
    params: {},
    querystring: { limit: 50 },
    reply: {
      items: [
        example,
        { ...example, line: 2, account: 'customer-prepayments', debit: 0, credit: 2625 },
      ],
      nextCursor: null,
      resumeCursor: encodeCursor(4711),
      heldBackFrom: null,
      totals: {
        from: 4711,
        to: 4711,
        entries: 1,
        count: 2,
        sums: [{ currency: 'EUR', debit: 2625, credit: 2625 }],
      },
    },
  },
  projections: ['finance-journal'],
  run: async ({ db }, { query: { activityId, limit, cursor } }) => {
    const after = cursor === undefined ? 0 : Number(decodeCursor(cursor)[0]);
    // One snapshot for both questions: an event parked in between, with a later one booked, would
    // let the reader go past lines that are still to come.
    const { heldBackFrom, found } = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (snapshot) => {
        const parked = await parkedFrom(snapshot);
        return {
          heldBackFrom: parked,
          found: await linesAfter(snapshot, { after, parked, activityId, limit }),
        };
      });
    const rows = found.rows.map(({ row }) => normaliseRow(financeJournal, row) as LineRow);
    const ordinals = [...new Set(rows.map((row) => row.ordinal))];
    const last = ordinals[Math.min(limit, ordinals.length) - 1];
    const shown = rows.filter((row) => last !== undefined && row.ordinal <= last);
    const resumeCursor = last === undefined ? (cursor ?? null) : encodeCursor(last);
    return {
      items: shown.map(show),
      nextCursor: ordinals.length > limit ? resumeCursor : null,
      resumeCursor,
      heldBackFrom,
      totals: totalsOf(shown),
    };
  },
});

export const journalQueries: readonly QueryDefinition[] = [listJournal];
