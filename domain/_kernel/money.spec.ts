import { expect, test } from 'vitest';
import { addMoney, formatMoney, money, moneySchema } from './money.ts';

test('money is whole minor units', () => {
  expect(money(2500, 'EUR')).toEqual({ amount: 2500, currency: 'EUR' });
  for (const amount of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => money(amount, 'EUR')).toThrow(RangeError);
  }
});

test('only the same currency is added', () => {
  expect(addMoney(money(1, 'EUR'), money(2, 'EUR'))).toEqual(money(3, 'EUR'));
  expect(() => addMoney(money(1, 'EUR'), money(1, 'USD'))).toThrow(/EUR and USD/);
});

test.each([
  [1234, 'EUR', '12.34 EUR'],
  [5, 'EUR', '0.05 EUR'],
  [0, 'EUR', '0.00 EUR'],
  [-5, 'EUR', '-0.05 EUR'],
  [-123456, 'EUR', '-1234.56 EUR'],
  [1234, 'JPY', '1234 JPY'],
  [1234, 'BHD', '1.234 BHD'],
  [7, 'BHD', '0.007 BHD'],
] as const)('%i %s reads %s', (amount, currency, text) => {
  expect(formatMoney({ amount, currency })).toBe(text);
});

test.each([
  ['a fraction', { amount: 0.1, currency: 'EUR' }],
  ['a negative price', { amount: -1, currency: 'EUR' }],
  ['more than sums stay exact with', { amount: 100_000_000_000, currency: 'EUR' }],
  ['text', { amount: '100', currency: 'EUR' }],
  ['no currency', { amount: 1 }],
  ['a currency in lower case', { amount: 1, currency: 'eur' }],
  ['a currency we do not trade in', { amount: 1, currency: 'XXX' }],
  ['a name on the prototype', { amount: 1, currency: 'toString' }],
  ['a further field', { amount: 1, currency: 'EUR', rate: 1 }],
])('the schema refuses %s', (_name, value) => {
  expect(moneySchema.safeParse(value).success).toBe(false);
});

test('ninety thousand of the largest amounts still add up exactly', () => {
  const largest = 99_999_999_999;
  expect(moneySchema.safeParse({ amount: largest, currency: 'EUR' }).success).toBe(true);
  expect(Number.isSafeInteger(largest * 90_000)).toBe(true);
});
