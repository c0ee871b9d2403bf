import { z } from 'zod';

/** ISO 4217 currencies we trade in, with the number of digits of their minor unit. */
export const currencyExponents = {
  BHD: 3,
  CHF: 2,
  CZK: 2,
  DKK: 2,
  EUR: 2,
  GBP: 2,
  JPY: 0,
  NOK: 2,
  PLN: 2,
  SEK: 2,
  USD: 2,
} as const;
export type Currency = keyof typeof currencyExponents;

export const currencySchema = z
  .enum(Object.keys(currencyExponents) as [Currency, ...Currency[]])
  .meta({ description: 'ISO 4217 currency code', example: 'EUR' });

/** An amount in minor units (cents), never a float; the bound keeps sums of millions exact. */
export const minorUnitsSchema = z
  .int()
  .min(-999_999_999_99)
  .max(999_999_999_99)
  .meta({ description: 'Amount in minor units of the currency', example: 2500 });

export const moneySchema = z.strictObject({
  amount: minorUnitsSchema.min(0),
  currency: currencySchema,
});
export type Money = z.infer<typeof moneySchema>;

/** `amount` in minor units. Throws a `RangeError` for a fraction or an unsafe integer. */
export function money(amount: number, currency: Currency): Money {
  if (!Number.isSafeInteger(amount))
    throw new RangeError(`money needs whole minor units, got ${amount}`);
  return { amount, currency };
}

/** Throws a `RangeError` for two currencies: nothing is converted silently. */
export function addMoney(a: Money, b: Money): Money {
  if (a.currency !== b.currency) {
    throw new RangeError(`cannot add ${a.currency} and ${b.currency}: convert first`);
  }
  return money(a.amount + b.amount, a.currency);
}

/** `1234, EUR` → `12.34 EUR`: for people only, never parsed back. */
export function formatMoney({ amount, currency }: Money): string {
  const digits = currencyExponents[currency];
  const sign = amount < 0 ? '-' : '';
  const text = String(Math.abs(amount)).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return digits === 0
    ? `${sign}${whole} ${currency}`
    : `${sign}${whole}.${text.slice(text.length - digits)} ${currency}`;
}
