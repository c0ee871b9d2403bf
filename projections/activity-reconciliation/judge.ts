import type { RowOf } from '../_runtime/table.ts';
import type { reconciliationPayments } from './table.ts';

export type PaymentRow = RowOf<typeof reconciliationPayments>;

/** What our log and the statement can differ in, and whether waiting may settle it. */
export const causes = {
  'missing-on-statement': { waits: true, what: 'Captured; the statement has no charge yet' },
  'refund-missing-on-statement': { waits: true, what: 'Refunded; the statement does not say so' },
  'fee-missing-in-log': { waits: true, what: 'The statement has a fee that we were not told' },
  'missing-in-log': { waits: false, what: 'The statement has a payment we did not capture' },
  'amount-differs': { waits: false, what: 'The statement has another amount' },
  'fee-differs': { waits: false, what: 'The statement has another fee' },
  'refund-on-its-way': { waits: true, what: 'On the statement before we were told it is done' },
  'refund-missing-in-log': { waits: false, what: 'The statement has a refund we did not make' },
  'other-movement': { waits: false, what: 'A dispute or an adjustment on the statement' },
  'currency-differs': { waits: false, what: 'The statement is in another currency' },
} as const;
export type Cause = keyof typeof causes;

type Facts = Omit<PaymentRow, 'difference' | 'causes' | 'status'>;

/** One question per cause, so that a break tells what it is about. */
const found: { readonly [C in Cause]: (row: Facts) => boolean } = {
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
  'refund-missing-in-log': (row) =>
    row.statement_refunds > row.refunded + row.refunds_pending + row.refunds_failed,
  'other-movement': (row) => row.statement_other !== 0,
  'currency-differs': (row) =>
    row.statement_currency !== null && row.statement_currency !== row.currency,
};

/** Compares a payment with the statement. */
export function judge(row: Facts): Pick<PaymentRow, 'difference' | 'causes' | 'status'> {
  const all = (Object.keys(causes) as Cause[]).filter((cause) => found[cause](row));
  const net = row.captured - (row.fee ?? 0) - row.refunded;
  const difference = net - row.statement_net;
  if (all.length === 0) return { difference, causes: [], status: 'agrees' };
  return {
    difference,
    causes: all,
    status: all.every((cause) => causes[cause].waits) ? 'open' : 'break',
  };
}
