import { expect, test } from 'vitest';
import { money } from '../../domain/_kernel/money.ts';
import { serviceFeeOf } from '../../domain/settings/state.ts';
import { draftActivity } from './draft-activity.ts';

const STRIPE_MOST = 99_999_999;
const HIGHEST_FEE = 5000;

const priced = (amount: number) =>
  draftActivity.body.safeParse({
    ...draftActivity.example.body,
    price: { amount, currency: 'EUR' },
  }).success;

test('the highest price can be paid with the highest fee on top', () => {
  expect(priced(0)).toBe(true);
  expect(priced(60_000_000)).toBe(true);
  const dearest = 60_000_000;
  const fee = serviceFeeOf(money(dearest, 'EUR'), HIGHEST_FEE);
  expect(dearest + fee.amount).toBeLessThanOrEqual(STRIPE_MOST);
});

test('a price that nobody could be charged is refused before a seat is taken for it', () => {
  for (const amount of [60_000_001, STRIPE_MOST, 99_999_999_999])
    expect(priced(amount)).toBe(false);
});
