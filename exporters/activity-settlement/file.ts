import { amountOf } from '../_runtime/amounts.ts';
import type { FileKind, Summary } from '../_runtime/sealed-file.ts';

/** What moved money, as finance names it, by the event that was booked. */
export const movements = {
  PaymentSucceeded: 'payment',
  CashPaymentReceived: 'payment',
  PaymentFeeCharged: 'fee',
  RefundSettled: 'refund',
  CashRefundPaidOut: 'refund',
  RefundFailed: 'refund-reversed',
  TillClosed: 'till-difference',
} as const;

const kinds = [...new Set(Object.values(movements)), 'other'] as const;
export type Movement = (typeof kinds)[number];

/** Per currency: how many movements, how much of each kind, and what is left. */
function settlementSummary(): Summary {
  const sums = new Map<string, { count: number; net: number; of: Map<string, number> }>();
  return {
    add: (cells) => {
      const [, , kind = '', , , , , currency = '', minor = '', major = ''] = cells;
      const amount = amountOf(minor, major, currency);
      if (amount === null) return 'minor and major units do not agree';
      if (!kinds.some((known) => known === kind)) return `"${kind}" is no movement of money`;
      const sum = sums.get(currency) ?? { count: 0, net: 0, of: new Map<string, number>() };
      sum.of.set(kind, (sum.of.get(kind) ?? 0) + amount);
      sums.set(currency, { count: sum.count + 1, net: sum.net + amount, of: sum.of });
      return null;
    },
    problem: () => null,
    totals: () =>
      [...sums]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([currency, { count, net, of }]) => [
          [currency, 'count', count] as const,
          ...kinds.map((kind) => [currency, kind, of.get(kind) ?? 0] as const),
          [currency, 'net', net] as const,
        ]),
  };
}

export const settlementFile: FileKind = {
  kind: 'pawprint-activity-settlement',
  version: 1,
  columns: [
    ...['ordinal', 'entry_id', 'kind', 'occurred_at', 'account', 'enrollment_id', 'payment_id'],
    ...['currency', 'amount_minor', 'amount'],
  ],
  summary: settlementSummary,
};
