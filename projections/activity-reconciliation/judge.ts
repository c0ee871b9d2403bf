import type { RowOf } from '../_runtime/table.ts';
import type { reconciliationPayments } from './table.ts';

export type PaymentRow = RowOf<typeof reconciliationPayments>;
export type RefundStatus = 'pending' | 'settled' | 'failed';
/** By their ids. */
export type Refunds = Readonly<
  Record<string, { readonly amount: number; readonly status: RefundStatus }>
>;

/** What our log and the statement, or the tills, can differ in, and whether waiting may settle it. */
export const causes = {
  'missing-on-statement': { waits: true, what: 'Captured; the statement has no charge yet' },
  'refund-missing-on-statement': { waits: true, what: 'Refunded; the statement does not say so' },
  'fee-missing-in-log': { waits: true, what: 'The statement has a fee that we were not told' },
  'missing-in-log': { waits: false, what: 'The statement has a payment we did not capture' },
  'amount-differs': { waits: false, what: 'The statement has another amount' },
  'fee-differs': { waits: false, what: 'The statement has another fee' },
  'refund-on-its-way': { waits: true, what: 'On the statement before we were told it is done' },
  'refund-owed': { waits: true, what: 'A refund failed, and no other is made or on its way' },
  'refund-missing-in-log': { waits: false, what: 'The statement has a refund we did not make' },
  'other-movement': { waits: false, what: 'A dispute or an adjustment on the statement' },
  'currency-differs': { waits: false, what: 'The statement is in another currency' },
  'not-received-yet': { waits: true, what: 'In a till, and not with the payment yet' },
  'not-at-a-till': { waits: false, what: 'Received in cash that no till has taken' },
  'pay-out-on-its-way': { waits: true, what: 'A till paid out; the refund is not settled yet' },
  'paid-out-too-often': { waits: false, what: 'Tills paid out more than was received' },
  'not-paid-out': { waits: false, what: 'Refunded in cash that no till has paid out' },
} as const;
export type Cause = keyof typeof causes;
type AtTill = Extract<
  Cause,
  | 'not-received-yet'
  | 'not-at-a-till'
  | 'pay-out-on-its-way'
  | 'paid-out-too-often'
  | 'not-paid-out'
>;

type Facts = Omit<PaymentRow, 'difference' | 'causes' | 'status'>;

type Questions<C extends Cause> = { readonly [Each in C]: (row: Facts) => boolean };

/** Cash is the tills' to confirm, as cards are Stripe's. */
const foundAtTills: Questions<AtTill | 'other-movement'> = {
  'other-movement': (row) => row.statement_lines > 0,
  'not-received-yet': (row) => row.till_taken > row.captured,
  'not-at-a-till': (row) => row.till_taken < row.captured,
  'pay-out-on-its-way': (row) =>
    row.till_paid_out > row.refunded && row.till_paid_out <= row.captured,
  'paid-out-too-often': (row) => row.till_paid_out > row.captured,
  'not-paid-out': (row) => row.till_paid_out < row.refunded,
};

/** One question per cause, so that a break tells what it is about. */
const foundAtStripe: Questions<Exclude<Cause, AtTill>> = {
  'missing-on-statement': (row) => row.captured > 0 && row.statement_charges === 0,
  'refund-missing-on-statement': (row) => row.refunded > row.statement_refunds,
  'fee-missing-in-log': (row) => row.fee === null && row.statement_fees !== 0,
  'missing-in-log': (row) => row.captured === 0 && row.statement_charges !== 0,
  'amount-differs': (row) =>
    row.captured > 0 && row.statement_charges !== 0 && row.captured !== row.statement_charges,
  'fee-differs': (row) =>
    row.fee !== null && row.statement_charges !== 0 && row.fee !== row.statement_fees,
  'refund-on-its-way': (row) =>
    row.refunded < row.statement_refunds &&
    row.statement_refunds <= row.refunded + row.refunds_pending + row.refunds_failed,
  // A failed refund is asked for again under another id, each time for the same amount.
  'refund-owed': (row) => row.refunded + row.refunds_pending < owedOnce(row),
  'refund-missing-in-log': (row) =>
    row.statement_refunds > row.refunded + row.refunds_pending + row.refunds_failed,
  'other-movement': (row) => row.statement_other !== 0,
  'currency-differs': (row) =>
    row.statement_currency !== null && row.statement_currency !== row.currency,
};

/** The largest refund that failed, however often it was tried. */
function owedOnce({ refunds, refunds_failed }: Facts): number {
  if (refunds_failed === 0) return 0;
  const each = Object.values(refunds as Refunds);
  return Math.max(...each.map(({ amount, status }) => (status === 'failed' ? amount : 0)));
}

/** Compares a payment with the statement, or with the tills. */
export function judge(row: Facts): Pick<PaymentRow, 'difference' | 'causes' | 'status'> {
  const found: Partial<Questions<Cause>> = row.method === 'cash' ? foundAtTills : foundAtStripe;
  const all = (Object.keys(causes) as Cause[]).filter((cause) => found[cause]?.(row) === true);
  const net = row.captured - (row.fee ?? 0) - row.refunded;
  const difference = net - row.statement_net - (row.till_taken - row.till_paid_out);
  if (all.length === 0) return { difference, causes: [], status: 'agrees' };
  return {
    difference,
    causes: all,
    status: all.every((cause) => causes[cause].waits) ? 'open' : 'break',
  };
}
