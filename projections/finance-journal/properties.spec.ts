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

/** What has to be at Stripe, told by the events alone. */
function expectedClearing(events: readonly DeliveredEvent[], currency: string): number {
  const settled = new Set<string>();
  let sum = 0;
  for (const { type, data } of events) {
    const {
      amount,
      fee,
      refundId = '',
    } = data as {
      amount?: { amount: number; currency: string };
      fee?: { amount: number; currency: string };
      refundId?: string;
    };
    if ((amount ?? fee)?.currency !== currency) continue;
    if (type === 'PaymentSucceeded') sum += amount?.amount ?? 0;
    if (type === 'PaymentFeeCharged') sum -= fee?.amount ?? 0;
    if (type === 'RefundSettled') {
      settled.add(refundId);
      sum -= amount?.amount ?? 0;
    }
    if (type === 'RefundFailed' && settled.has(refundId)) sum += amount?.amount ?? 0;
  }
  return sum;
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
        const currencies = new Set(ofEvent.map(({ currency }) => currency));
        for (const currency of currencies) {
          const own = ofEvent.filter((line) => line.currency === currency);
          expect(own.reduce((sum, { debit, credit }) => sum + debit - credit, 0)).toBe(0);
        }
        const now = balances(lines.filter((line) => line.ordinal <= ordinal));
        for (const [key, balance] of now) {
          const [account = '', currency = ''] = key.split(' ');
          if (CREDIT.includes(account)) expect([key, balance <= 0]).toEqual([key, true]);
          if (account === 'stripe-clearing') {
            expect(balance).toBe(expectedClearing(events.slice(0, ordinal), currency));
          }
        }
      }
    }),
    { numRuns: 200 },
  );
  expect([...reached].sort()).toEqual([
    ...['EnrollmentConfirmed', 'PaymentFeeCharged', 'PaymentSucceeded'],
    ...['RefundFailed', 'RefundRequested', 'RefundSettled'],
  ]);
});
