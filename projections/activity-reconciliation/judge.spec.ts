import { describe, expect, it, test } from 'vitest';
import { season } from '../_fixtures/season.ts';
import { rowsAfter } from '../_runtime/spec-kit.ts';
import { type Cause, causes, judge, type PaymentRow } from './judge.ts';
import { activityReconciliationProjection } from './reduce.ts';
import { reconciliationPayments, statementLines } from './table.ts';

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
};
const silent = {
  statement_lines: 0,
  statement_charges: 0,
  statement_fees: 0,
  statement_net: 0,
  statement_currency: null,
};

describe('a payment', () => {
  it('agrees when every amount does', () => {
    expect(judge(agreed)).toEqual({ difference: 0, causes: [], status: 'agrees' });
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
    ['refund-missing-in-log', { statement_refunds: 500, statement_net: 2061 }, 500],
    ['other-movement', { statement_other: -2625, statement_net: -64 }, 2625],
    ['currency-differs', { statement_currency: 'USD' }, 0],
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
  expect(payments.filter(({ status }) => status !== 'agrees')).toEqual([]);
  expect(rows.of(statementLines).filter(({ status }) => status === 'break')).toHaveLength(1);
});

test('a statement that lags leaves open items, not breaks', () => {
  const events = season({ enrollments: 40 }).filter(({ type }) => type !== 'StatementLineRecorded');
  const payments = rowsAfter(activityReconciliationProjection, events).of(reconciliationPayments);
  expect(new Set(payments.map(({ status }) => status))).toEqual(new Set(['open']));
});
