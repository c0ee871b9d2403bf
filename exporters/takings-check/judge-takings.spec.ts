import { expect, test } from 'vitest';
import { type ActivityTakings, judgeTakings, type TakingsBreak } from './index.ts';

const activity = (difference: number, currency = 'EUR', id = 'act_a'): ActivityTakings => ({
  ...{ activityId: id as `act_${string}`, title: 'Puppy morning', status: 'agrees', payments: 1 },
  ...{ takings: 2500, refunds: 0, fees: 63, net: 2437, difference, currency },
});
const found = (more: Partial<TakingsBreak>): TakingsBreak => ({
  ...{ kind: 'payment', status: 'break', causes: ['amount-differs'], ordinal: 7 },
  ...{ paymentId: 'pay_a', balanceTransactionId: null, tillId: null, activityId: 'act_a' },
  difference: { amount: 1, currency: 'EUR' },
  ...more,
});

test('nothing at all agrees, to zero', () => {
  expect(judgeTakings([], [])).toMatchObject({
    agrees: true,
    differences: [{ amount: 0, currency: 'EUR' }],
  });
});

test("the difference of an activity's payment is counted once", () => {
  const check = judgeTakings([activity(1)], [found({})]);
  expect(check).toMatchObject({ agrees: false, differences: [{ amount: 1, currency: 'EUR' }] });
});

test('what belongs to no activity is counted besides, by its currency', () => {
  const line = { kind: 'statement-line', paymentId: null, activityId: null } as const;
  const check = judgeTakings(
    [activity(0), activity(0, 'CHF', 'act_b')],
    [found({ ...line, difference: { amount: -300, currency: 'CHF' } })],
  );
  expect(check.differences).toEqual([
    { amount: -300, currency: 'CHF' },
    { amount: 0, currency: 'EUR' },
  ]);
  expect(check.agrees).toBe(false);
});

test('a cent too much here and one too little there is no agreement', () => {
  const check = judgeTakings([activity(1), activity(-1, 'EUR', 'act_b')], []);
  expect(check).toMatchObject({ agrees: false, differences: [{ amount: 0, currency: 'EUR' }] });
});

test('a break without a difference is one, what is open without one is not', () => {
  const none = { difference: { amount: 0, currency: 'EUR' } } as const;
  expect(judgeTakings([activity(0)], [found(none)]).agrees).toBe(false);
  const open = judgeTakings([activity(0)], [found({ ...none, status: 'open' })]);
  expect(open).toMatchObject({ agrees: true, open: true });
});
