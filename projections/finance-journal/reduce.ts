import type { Money } from '../../domain/_kernel/money.ts';
import { enrollmentEvents } from '../../domain/enrollment/events.ts';
import { paymentEvents } from '../../domain/payment/events.ts';
import { tillEvents } from '../../domain/till/events.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import {
  change,
  defineProjection,
  derive,
  insert,
  MissingRowError,
  type RowChange,
  rowRef,
} from '../_runtime/definition.ts';
import type { RowOf } from '../_runtime/table.ts';
import {
  advance,
  type BookedEvent,
  linesOf,
  type Position,
  rules,
  tillLines,
  tillMemo,
} from './accounts.ts';
import { financeJournal, financePositions } from './table.ts';

/** Most lines that a rule makes: a refund may take from three accounts. */
const MOST_LINES = 4;

type Booking = Omit<DeliveredEvent, 'type' | 'data'> & BookedEvent;

const moneyIn = (event: BookedEvent): Money => {
  switch (event.type) {
    case 'PaymentFeeCharged':
      return event.data.fee;
    case 'EnrollmentConfirmed':
      return event.data.amountPaid;
    case 'PaymentSucceeded':
    case 'CashPaymentReceived':
    case 'CashRefundPaidOut':
    case 'RefundRequested':
    case 'RefundSettled':
    case 'RefundFailed':
      return event.data.amount;
  }
};

/**
 * Books an event. How many lines an entry has depends on what is known of the enrollment when the
 * event is folded, so there is a change for every line there could be.
 */
function book(event: Booking): RowChange[] {
  const key = { enrollment_id: event.data.enrollmentId };
  const before = rowRef(financePositions, key);
  const lines = Array.from({ length: MOST_LINES }, (_, index) =>
    derive(
      financeJournal,
      { journal_id: event.id, line: index + 1 },
      (read) => {
        const position = before.in(read)?.position as Position | undefined;
        if (position === undefined) throw new MissingRowError('finance_positions', key);
        return lineRow(event, position, index);
      },
      [before],
    ),
  );
  const after = change(financePositions, key, (row) => ({
    position: advance(row.position as Position, event),
  }));
  return [...lines, after];
}

function lineRow(
  event: Booking,
  position: Position,
  index: number,
): RowOf<typeof financeJournal> | null {
  const lines = linesOf(event, position);
  if (lines.length > MOST_LINES) throw new RangeError(`${event.type} makes ${lines.length} lines`);
  const line = lines[index];
  if (line === undefined) return null;
  return {
    journal_id: event.id,
    line: index + 1,
    ordinal: event.ordinal,
    occurred_at: event.metadata.occurredAt,
    recorded_at: event.metadata.recordedAt,
    event_type: event.type,
    account: line.account,
    debit: line.debit,
    credit: line.credit,
    currency: moneyIn(event).currency,
    activity_id: event.data.activityId,
    enrollment_id: event.data.enrollmentId,
    payment_id: event.data.paymentId,
    memo: rules[event.type].memo,
  };
}

export const financeJournalProjection = defineProjection({
  name: 'finance-journal',
  version: 2,
  question: 'What was booked, to the cent?',
  tables: [financeJournal, financePositions],
  events: [enrollmentEvents, paymentEvents, tillEvents],
  // A till's own events are of no enrollment. What it took and paid out is booked with the payment.
  keyOf: ({ data }) => ('enrollmentId' in data ? data.enrollmentId : data.tillId),
  on: {
    EnrollmentRequested: ({ data }) => [
      insert(financePositions, {
        enrollment_id: data.enrollmentId,
        position: {
          serviceFee: data.serviceFee.amount,
          recognised: null,
          activityRevenue: 0,
          serviceRevenue: 0,
          refunds: {},
        } satisfies Position,
      }),
    ],
    EnrollmentConfirmed: book,
    PaymentSucceeded: book,
    CashPaymentReceived: book,
    CashRefundPaidOut: book,
    PaymentFeeCharged: book,
    RefundRequested: book,
    RefundSettled: book,
    RefundFailed: book,
    TillClosed: (event) =>
      tillLines(event.data).map((line, index) =>
        insert(financeJournal, {
          journal_id: event.id,
          line: index + 1,
          ordinal: event.ordinal,
          occurred_at: event.metadata.occurredAt,
          recorded_at: event.metadata.recordedAt,
          event_type: event.type,
          ...line,
          currency: event.data.counted.currency,
          activity_id: event.data.activityId,
          enrollment_id: null,
          payment_id: null,
          memo: tillMemo,
        }),
      ),
  },
});
