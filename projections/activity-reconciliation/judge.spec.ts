import { describe, expect, it, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { season } from '../_fixtures/season.ts';
import { deliver, rowsAfter, type Told } from '../_runtime/spec-kit.ts';
import { type Cause, causes, judge, type PaymentRow } from './judge.ts';
import { activityReconciliationProjection } from './reduce.ts';
import { reconciliationPayments, reconciliationTills, statementLines } from './table.ts';

const agreed: Omit<PaymentRow, 'difference' | 'causes' | 'status'> = {
  payment_id: 'pay_1',
  activity_id: 'act_1',
  enrollment_id: 'enr_1',
  ordinal: 1,
  currency: 'EUR',
  captured: 2625,
  captured_at: '2026-05-01T08:00:00.000Z',
  fee: 64,
  refunds: {},
  refunded: 0,
  refunds_pending: 0,
  refunds_failed: 0,
  statement_lines: 1,
  statement_charges: 2625,
  statement_refunds: 0,
  statement_other: 0,
  statement_fees: 64,
  statement_net: 2561,
  statement_currency: 'EUR',
  method: 'card',
  till_id: null,
  till_taken: 0,
  till_paid_out: 0,
};
const silent = {
  statement_lines: 0,
  statement_charges: 0,
  statement_fees: 0,
  statement_net: 0,
  statement_currency: null,
};

const cash = { ...silent, method: 'cash', till_id: 'til_1', till_taken: 2625, fee: null };

const failed = (times: number, next?: 'pending' | 'settled') => {
  const refund = (status: string) => ({ amount: 500, status });
  const tries = Array.from({ length: times }, (_, n) => [`ref_${n}`, refund('failed')]);
  return {
    refunds: Object.fromEntries([...tries, ...(next ? [['ref_next', refund(next)]] : [])]),
    refunds_failed: 500 * times,
    refunds_pending: next === 'pending' ? 500 : 0,
    refunded: next === 'settled' ? 500 : 0,
  };
};

describe('a payment', () => {
  it('owes a failed refund until another one is made, however often it failed', () => {
    expect(judge({ ...agreed, ...failed(3) }).causes).toEqual(['refund-owed']);
    for (const next of ['pending', 'settled'] as const) {
      expect(judge({ ...agreed, ...failed(3, next) }).causes).not.toContain('refund-owed');
    }
  });

  it('agrees when every amount does', () => {
    const agrees = { difference: 0, causes: [], status: 'agrees' };
    expect(judge(agreed)).toEqual(agrees);
    expect(judge({ ...agreed, ...cash })).toEqual(agrees);
    // Owed back and not paid out yet: log and tills still say the same.
    expect(judge({ ...agreed, ...cash, refunds_pending: 2625 })).toEqual(agrees);
    expect(judge({ ...agreed, ...cash, refunded: 2625, till_paid_out: 2625 })).toEqual(agrees);
  });

  const cases: readonly [Cause, Partial<typeof agreed>, number][] = [
    ['missing-on-statement', silent, 2561],
    ['refund-missing-on-statement', { refunded: 2625 }, -2625],
    ['fee-missing-in-log', { fee: null }, 64],
    ['missing-in-log', { captured: 0, fee: 64 }, -2625],
    ['amount-differs', { captured: 2600 }, -25],
    ['fee-differs', { fee: 60 }, 4],
    [
      'refund-on-its-way',
      { refunds_pending: 500, statement_refunds: 500, statement_net: 2061 },
      500,
    ],
    ['refund-owed', failed(1), 0],
    ['refund-missing-in-log', { statement_refunds: 500, statement_net: 2061 }, 500],
    ['other-movement', { statement_other: -2625, statement_net: -64 }, 2625],
    ['currency-differs', { statement_currency: 'USD' }, 0],
    ['not-received-yet', { ...cash, captured: 0 }, -2625],
    ['not-at-a-till', { ...cash, till_taken: 0 }, 2625],
    ['pay-out-on-its-way', { ...cash, refunds_pending: 2625, till_paid_out: 2625 }, 2625],
    ['paid-out-too-often', { ...cash, refunded: 2625, till_paid_out: 5250 }, 2625],
    ['not-paid-out', { ...cash, refunded: 2625 }, -2625],
  ];
  it.each(cases)('differs by %s', (cause, change, difference) => {
    expect(judge({ ...agreed, ...change })).toEqual({
      difference,
      causes: [cause],
      status: causes[cause].waits ? 'open' : 'break',
    });
  });

  it('has a case above for every cause there is', () => {
    expect(cases.map(([cause]) => cause)).toEqual(Object.keys(causes));
  });
});

test.each([1, 2, 3])('a season whose statement is complete has no difference (%i)', (seed) => {
  const rows = rowsAfter(activityReconciliationProjection, season({ seed, enrollments: 120 }));
  const payments = rows.of(reconciliationPayments);
  expect(payments.length).toBeGreaterThan(50);
  expect(payments.filter(({ difference }) => difference !== 0)).toEqual([]);
  // Open is what the season owes: refunds that failed and were not made again.
  for (const { status, causes, refunds_failed } of payments) {
    expect({ status, causes }).toEqual(
      refunds_failed > 0
        ? { status: 'open', causes: ['refund-owed'] }
        : { status: 'agrees', causes: [] },
    );
  }
  expect(rows.of(statementLines).filter(({ status }) => status === 'break')).toHaveLength(1);
});

test('a statement that lags leaves open items, not breaks', () => {
  const events = season({ enrollments: 40 }).filter(({ type }) => type !== 'StatementLineRecorded');
  const payments = rowsAfter(activityReconciliationProjection, events)
    .of(reconciliationPayments)
    .filter(({ method }) => method === 'card');
  expect(new Set(payments.map(({ status }) => status))).toEqual(new Set(['open']));
});

describe('a till', () => {
  const ids = { tillId: deriveId('til', 'a'), activityId: deriveId('act', 'a') };
  const eur = (amount: number) => ({ amount, currency: 'EUR' });
  const opened = ['till-a', { type: 'TillOpened', data: { ...ids, float: eur(10_000) } }] as const;
  const closed = (counted: number) =>
    [
      'till-a',
      {
        type: 'TillClosed',
        data: {
          ...{ ...ids, float: eur(10_000), taken: eur(2500), paidOut: eur(0) },
          ...{ expected: eur(12_500), counted: eur(counted) },
        },
      },
    ] as const;
  const tillAfter = (...told: readonly Told[]) =>
    rowsAfter(activityReconciliationProjection, deliver(...told)).of(reconciliationTills)[0];

  it('that is open shows nothing of what is in it', () => {
    expect(tillAfter(opened)).toMatchObject({
      ...{ status: 'open', float: 10_000, taken: null, expected: null, difference: 0 },
    });
  });

  it.each([
    ['agrees', 12_500, 0],
    ['break', 12_480, 20],
    ['break', 12_501, -1],
  ] as const)('that was counted %s', (status, counted, difference) => {
    expect(tillAfter(opened, closed(counted))).toMatchObject({ status, counted, difference });
  });
});
