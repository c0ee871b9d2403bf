import { type Currency, currencyExponents } from '../../domain/_kernel/money.ts';
import type { Cell } from './csv.ts';

const isCurrency = (text: string): text is Currency => Object.hasOwn(currencyExponents, text);

/** Minor units as major ones, with the digits of the currency: `-1234, EUR` → `-12.34`. */
export function majorUnits(amount: number, currency: string): string {
  if (!isCurrency(currency)) throw new RangeError(`"${currency}" is no currency we trade in`);
  const digits = currencyExponents[currency];
  const text = String(Math.abs(amount)).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const sign = amount < 0 ? '-' : '';
  return digits === 0 ? sign + whole : `${sign}${whole}.${text.slice(text.length - digits)}`;
}

/** The same as a cell: its sign is no formula. */
export const majorCell = (amount: number, currency: string): Cell => ({
  exact: majorUnits(amount, currency),
});

/** A whole number out of a cell; null: it is none. */
export function wholeNumber(text: string | undefined): number | null {
  const number = Number(text);
  return text !== undefined && /^-?\d+$/.test(text) && Number.isSafeInteger(number) ? number : null;
}

/** The amount of a cell in minor units, when the cell with major units says the same. */
export function amountOf(minor: string, major: string, currency: string): number | null {
  const amount = wholeNumber(minor);
  if (amount === null || !isCurrency(currency)) return null;
  return majorUnits(amount, currency) === major ? amount : null;
}
