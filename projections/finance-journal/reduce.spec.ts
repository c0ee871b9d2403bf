import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { season } from '../_fixtures/season.ts';
import { deliver, rowsAfter, type Told } from '../_runtime/spec-kit.ts';
import { linesOf, type Position, UnbalancedEntryError } from './accounts.ts';
import { financeJournalProjection } from './reduce.ts';
import { financeJournal } from './table.ts';

const ids = {
  enrollmentId: deriveId('enr', 'a'),
  activityId: deriveId('act', 'a'),
  memberId: deriveId('mem', 'a'),
};
const paymentId = deriveId('pay', 'a');
const eur = (amount: number) => ({ amount, currency: 'EUR' });
const requested = [
  'enrollment-a',
  {
    type: 'EnrollmentRequested',
    data: { ...ids, price: eur(2500), serviceFee: eur(125), amountDue: eur(2625) },
  },
] as const;
const pay = (type: string, data: object, of = paymentId) =>
  ['payment-a', { type, data: { ...ids, paymentId: of, ...data } }] as const;
const paid = pay('PaymentSucceeded', { amount: eur(2625) });
const confirmed = [
  'enrollment-a',
  { type: 'EnrollmentConfirmed', data: { ...ids, paymentId, amountPaid: eur(2625) } },
] as const;
const refund = (amount: number) => ({ refundId: deriveId('ref', 'a'), amount: eur(amount) });

/** The lines of the last event, as `account debit credit`. */
function lastEntry(...told: readonly Told[]): string[] {
  const events = deliver(...told);
  return rowsAfter(financeJournalProjection, events)
    .of(financeJournal)
    .filter((line) => line.ordinal === events.length)
    .sort((a, b) => a.line - b.line)
    .map(({ account, debit, credit }) => `${account} ${debit} ${credit}`);
}

const balancesOf = (events: readonly DeliveredEvent[]): Record<string, number> => {
  const balances: Record<string, number> = {};
  for (const line of rowsAfter(financeJournalProjection, events).of(financeJournal)) {
    balances[line.account] = (balances[line.account] ?? 0) + line.debit - line.credit;
  }
  return balances;
};

describe('an entry', () => {
  it('makes a prepayment of captured money, and revenue of it once the enrollment is confirmed', () => {
    expect(lastEntry(requested, paid)).toEqual([
      'stripe-clearing 2625 0',
      'customer-prepayments 0 2625',
    ]);
    expect(lastEntry(requested, paid, confirmed)).toEqual([
      'customer-prepayments 2625 0',
      'activity-revenue 0 2500',
      'service-fee-revenue 0 125',
    ]);
  });

  it('books the fee where it was taken', () => {
    expect(
      lastEntry(requested, paid, pay('PaymentFeeCharged', { fee: eur(64), net: eur(2561) })),
    ).toEqual(['payment-fees 64 0', 'stripe-clearing 0 64']);
  });

  it('keeps cash at the tills, and books what a count finds beside it', () => {
    const [tillId, activityId] = [deriveId('til', 'a'), ids.activityId];
    const cash = pay('CashPaymentReceived', { tillId, amount: eur(2625) });
    expect(lastEntry(requested, cash)).toEqual([
      'cash-tills 2625 0',
      'customer-prepayments 0 2625',
    ]);
    const promised = pay('RefundRequested', refund(2625));
    const paidOut = pay('CashRefundPaidOut', { ...refund(2625), tillId });
    expect(lastEntry(requested, cash, promised, paidOut)).toEqual([
      'refunds-payable 2625 0',
      'cash-tills 0 2625',
    ]);
    const count = (over: number, short: number) =>
      [
        'till-a',
        {
          type: 'TillClosed',
          data: { tillId, activityId, counted: eur(2625), over: eur(over), short: eur(short) },
        },
      ] as const;
    expect(lastEntry(count(20, 0))).toEqual(['cash-tills 20 0', 'cash-over-short 0 20']);
    expect(lastEntry(count(0, 20))).toEqual(['cash-over-short 20 0', 'cash-tills 0 20']);
    expect(lastEntry(count(0, 0))).toEqual([]);
  });

  it('is not made for a free enrollment', () => {
    const free = [
      'enrollment-a',
      { type: 'EnrollmentConfirmed', data: { ...ids, paymentId: null, amountPaid: eur(0) } },
    ] as const;
    expect(lastEntry(requested, free)).toEqual([]);
  });

  it('takes a refund from where the money was booked', () => {
    const promised = pay('RefundRequested', refund(2625));
    expect(lastEntry(requested, paid, promised)).toEqual([
      'customer-prepayments 2625 0',
      'refunds-payable 0 2625',
    ]);
    expect(lastEntry(requested, paid, confirmed, promised)).toEqual([
      'activity-revenue 2500 0',
      'service-fee-revenue 125 0',
      'refunds-payable 0 2625',
    ]);
    // Money of another payment than the one that confirmed it never became revenue.
    const second = deriveId('pay', 'b');
    expect(
      lastEntry(
        requested,
        paid,
        confirmed,
        pay('PaymentSucceeded', { amount: eur(2625) }, second),
        pay('RefundRequested', refund(2625), second),
      ),
    ).toEqual(['customer-prepayments 2625 0', 'refunds-payable 0 2625']);
  });

  it('of a partial refund takes the price first', () => {
    const part = pay('RefundRequested', refund(2550));
    expect(lastEntry(requested, paid, confirmed, part)).toEqual([
      'activity-revenue 2500 0',
      'service-fee-revenue 50 0',
      'refunds-payable 0 2550',
    ]);
  });

  it('books a failed refund back, also after it was paid', () => {
    const promised = pay('RefundRequested', refund(2625));
    const failed = pay('RefundFailed', refund(2625));
    const back = ['activity-revenue 0 2500', 'service-fee-revenue 0 125'];
    expect(lastEntry(requested, paid, confirmed, promised, failed)).toEqual([
      'refunds-payable 2625 0',
      ...back,
    ]);
    const settled = pay('RefundSettled', refund(2625));
    expect(lastEntry(requested, paid, confirmed, promised, settled, failed)).toEqual([
      'stripe-clearing 2625 0',
      ...back,
    ]);
  });

  it('that does not balance is never booked', () => {
    const broken: Position = {
      serviceFee: 125,
      recognised: paymentId,
      activityRevenue: 0,
      serviceRevenue: 0,
      refunds: {
        [refund(0).refundId]: { prepayments: 1, activity: 0, service: 0, settled: true },
      },
    };
    const data = {
      ...ids,
      ...refund(2625),
      paymentId,
      stripeRefundId: null,
      code: 'lost',
    } as const;
    const event = {
      type: 'RefundFailed',
      data: { ...data, amount: { amount: 2625, currency: 'EUR' } },
    } as const;
    expect(() => linesOf(event, broken)).toThrow(UnbalancedEntryError);
  });
});

/** Asked for and not given back yet, in minor units. */
function owedIn(events: ReturnType<typeof season>): number {
  const of = (...types: string[]) =>
    events
      .filter(({ type }) => types.includes(type))
      .map(({ data }) => data as { refundId: string; amount: { amount: number } });
  // One that failed is asked for again under another id.
  const ended = ['RefundSettled', 'CashRefundPaidOut', 'RefundFailed'];
  const settled = new Set(of(...ended).map((each) => each.refundId));
  return of('RefundRequested')
    .filter(({ refundId }) => !settled.has(refundId))
    .reduce((sum, { amount }) => sum + amount.amount, 0);
}

describe('over any season', () => {
  it('money is conserved after every event, and what is left of refunds is what is owed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        const events = season({ seed, enrollments: 25 });
        let sum = 0;
        let ordinal = 0;
        const lines = rowsAfter(financeJournalProjection, events).of(financeJournal);
        for (const line of lines.sort((a, b) => a.ordinal - b.ordinal || a.line - b.line)) {
          if (line.ordinal !== ordinal) expect(sum).toBe(0);
          ordinal = line.ordinal;
          sum += line.debit - line.credit;
        }
        expect(sum).toBe(0);
        const balances = balancesOf(events);
        const statement = events
          .filter(({ type }) => type === 'StatementLineRecorded')
          .map(({ data }) => data as { paymentId: string | null; net: number })
          .reduce((total, { paymentId, net }) => total + (paymentId === null ? 0 : net), 0);
        expect(balances['stripe-clearing'] ?? 0).toBe(statement);
        expect(balances['refunds-payable'] ?? 0).toBe(-owedIn(events));
      }),
      { numRuns: 25 },
    );
  });
});
