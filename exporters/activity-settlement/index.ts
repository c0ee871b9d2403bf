import type { ReadDatabase } from '../../projections/_runtime/query.ts';
import { getActivity } from '../../projections/activity-catalogue/query.ts';
import { majorCell } from '../_runtime/amounts.ts';
import type { Cell } from '../_runtime/csv.ts';
import { exportContext } from '../_runtime/read-models.ts';
import { renderFile } from '../_runtime/sealed-file.ts';
import { type JournalLine, journalLines, readyRange } from '../journal/index.ts';
import { movements, settlementFile } from './file.ts';

/**
 * Whether an account of the journal is money: what goes through it is a movement of the settlement.
 * A new account does not type-check before somebody has said here what it is. (One that is given up
 * may stay in the table: lines of the past name it.)
 */
const isMoney: Readonly<Record<JournalLine['account'], boolean> & Record<string, boolean>> = {
  'stripe-clearing': true,
  'cash-tills': true,
  'cash-over-short': false,
  'customer-prepayments': false,
  'refunds-payable': false,
  'activity-revenue': false,
  'service-fee-revenue': false,
  'payment-fees': false,
};

export type SettlementHead = {
  readonly activityId: string;
  readonly title: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly timeZone: string;
  /** Everything booked up to this ordinal is in. */
  readonly toOrdinal: number;
};

/** The settlement of an activity as a file: one line for each payment, fee and refund. Pure. */
export function renderSettlement(
  head: SettlementHead,
  lines: AsyncIterable<JournalLine> | Iterable<JournalLine>,
): AsyncIterable<string> {
  const header = {
    activity_id: head.activityId,
    title: head.title,
    starts_at: head.startsAt,
    ends_at: head.endsAt,
    time_zone: head.timeZone,
    to_ordinal: head.toOrdinal,
  };
  return renderFile(settlementFile, header, rowsOf(lines));
}

const kindOf = (eventType: string): string =>
  Object.hasOwn(movements, eventType) ? movements[eventType as keyof typeof movements] : 'other';

async function* rowsOf(
  lines: AsyncIterable<JournalLine> | Iterable<JournalLine>,
): AsyncIterable<readonly Cell[]> {
  for await (const line of lines) {
    if (!isMoney[line.account]) continue;
    const amount = line.debit - line.credit;
    yield [
      ...[line.ordinal, line.journalId, kindOf(line.eventType), line.occurredAt, line.account],
      ...[line.enrollmentId, line.paymentId, line.currency],
      ...[amount, majorCell(amount, line.currency)],
    ];
  }
}

/**
 * Exports the settlement of an activity up to an ordinal (to where the journal is, unless said
 * otherwise). Throws `NotReadyError` as the journal does, and `NotFoundError` for no activity.
 */
export async function exportSettlement(options: {
  db: ReadDatabase;
  activityId: `act_${string}`;
  to?: number;
}): Promise<AsyncIterable<string>> {
  const { db, activityId } = options;
  const activity = await getActivity.run(exportContext(db, ''), {
    params: { activityId },
    query: {},
  });
  const range = await readyRange(db, options.to === undefined ? {} : { to: options.to });
  const { title, startsAt, endsAt, timeZone } = activity;
  return renderSettlement(
    { activityId, title, startsAt, endsAt, timeZone, toOrdinal: range.to },
    journalLines(db, range, activityId),
  );
}
