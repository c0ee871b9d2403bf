import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { play, seasonArbitrary } from '../_fixtures/money-stories.ts';
import { rowsAfter } from '../_runtime/spec-kit.ts';
import { financeJournalProjection } from './reduce.ts';
import { financeJournal } from './table.ts';

const linesAfter = (events: readonly DeliveredEvent[]) =>
  rowsAfter(financeJournalProjection, events).of(financeJournal);

/** Debit less credit by account and currency. */
function balances(lines: ReturnType<typeof linesAfter>): Map<string, number> {
  const found = new Map<string, number>();
  for (const { account, currency, debit, credit } of lines) {
    const key = `${account} ${currency}`;
    found.set(key, (found.get(key) ?? 0) + debit - credit);
  }
  return found;
}

const CREDIT = [
  'customer-prepayments',
  'refunds-payable',
  'activity-revenue',
  'service-fee-revenue',
];

type Amounts = {
  readonly amount?: { readonly amount: number; readonly currency: string };
  readonly fee?: { readonly amount: number; readonly currency: string };
  readonly refundId?: string;
};

/** What an event moves at Stripe. A refund that failed comes back only if it had gone. */
const moves: Readonly<Record<string, (data: Amounts, settled: Set<string>) => number>> = {
  PaymentSucceeded: ({ amount }) => amount?.amount ?? 0,
  PaymentFeeCharged: ({ fee }) => -(fee?.amount ?? 0),
  RefundSettled: ({ amount, refundId = '' }, settled) => {
    settled.add(refundId);
    return -(amount?.amount ?? 0);
  },
  RefundFailed: ({ amount, refundId = '' }, settled) =>
    settled.has(refundId) ? (amount?.amount ?? 0) : 0,
};

/** What has to be at Stripe, told by the events alone. */
function expectedClearing(events: readonly DeliveredEvent[], currency: string): number {
  const settled = new Set<string>();
  return events.reduce((sum, { type, data }) => {
    const amounts = data as Amounts;
    if ((amounts.amount ?? amounts.fee)?.currency !== currency) return sum;
    return sum + (moves[type]?.(amounts, settled) ?? 0);
  }, 0);
}

/** Debits and credits of one event are equal in each currency. */
function expectBalanced(lines: ReturnType<typeof linesAfter>): void {
  for (const own of Map.groupBy(lines, ({ currency }) => currency).values()) {
    expect(own.reduce((sum, { debit, credit }) => sum + debit - credit, 0)).toBe(0);
  }
}

/** Accounts of what we owe or earned are never in debit, and the clearing account is Stripe's. */
function expectSigns(
  lines: ReturnType<typeof linesAfter>,
  clearingIn: (currency: string) => number,
): void {
  for (const [key, balance] of balances(lines)) {
    const [account = '', currency = ''] = key.split(' ');
    if (CREDIT.includes(account)) expect([key, balance <= 0]).toEqual([key, true]);
    if (account === 'stripe-clearing') expect(balance).toBe(clearingIn(currency));
  }
}

test('money is conserved after every event, whatever happens', () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(seasonArbitrary, (season) => {
      const events = play(season);
      const lines = linesAfter(events);
      for (const { ordinal, type } of events) {
        const ofEvent = lines.filter((line) => line.ordinal === ordinal);
        if (ofEvent.length > 0) reached.add(type);
        expectBalanced(ofEvent);
        const now = lines.filter((line) => line.ordinal <= ordinal);
        expectSigns(now, (currency) => expectedClearing(events.slice(0, ordinal), currency));
      }
    }),
    { numRuns: 200 },
  );
  expect([...reached].sort()).toEqual([
    ...['EnrollmentConfirmed', 'PaymentFeeCharged', 'PaymentSucceeded'],
    ...['RefundFailed', 'RefundRequested', 'RefundSettled'],
  ]);
});
