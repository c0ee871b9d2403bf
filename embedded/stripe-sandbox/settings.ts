/** The API version the `stripe` package 23.1.0 pins; the sandbox speaks this one only. */
export const API_VERSION = '2026-10-28.endive';

const DAY = 24 * 60 * 60;

/** Stripe prunes idempotency keys "after at least 24 hours" (docs: idempotent requests). */
export const IDEMPOTENCY_TTL_SECONDS = DAY;

/** Card money is pending this long before it can be paid out (EU card schedule is T+2 to T+7). */
export const AVAILABLE_AFTER_SECONDS = 2 * DAY;

/** Stripe's ceiling for a charge: eight digits of the minor unit. */
export const MAX_AMOUNT = 99_999_999;

type CurrencyRules = {
  /** Digits after the decimal point. */
  readonly digits: 0 | 2;
  /** Smallest chargeable amount in minor units (docs.stripe.com/currencies#minimum-and-maximum). */
  readonly minimum: number;
  /** Fee of a card charge: basis points of the amount plus a fixed part, in minor units. */
  readonly feeBasisPoints: number;
  readonly feeFixed: number;
};

export const CURRENCIES: Readonly<Record<string, CurrencyRules>> = {
  aud: { digits: 2, minimum: 50, feeBasisPoints: 170, feeFixed: 30 },
  cad: { digits: 2, minimum: 50, feeBasisPoints: 290, feeFixed: 30 },
  chf: { digits: 2, minimum: 50, feeBasisPoints: 290, feeFixed: 30 },
  czk: { digits: 2, minimum: 1500, feeBasisPoints: 150, feeFixed: 650 },
  dkk: { digits: 2, minimum: 250, feeBasisPoints: 150, feeFixed: 180 },
  eur: { digits: 2, minimum: 50, feeBasisPoints: 150, feeFixed: 25 },
  gbp: { digits: 2, minimum: 30, feeBasisPoints: 150, feeFixed: 20 },
  hkd: { digits: 2, minimum: 400, feeBasisPoints: 340, feeFixed: 235 },
  huf: { digits: 2, minimum: 17_500, feeBasisPoints: 150, feeFixed: 8500 },
  jpy: { digits: 0, minimum: 50, feeBasisPoints: 360, feeFixed: 0 },
  krw: { digits: 0, minimum: 100, feeBasisPoints: 360, feeFixed: 0 },
  nok: { digits: 2, minimum: 300, feeBasisPoints: 240, feeFixed: 200 },
  nzd: { digits: 2, minimum: 50, feeBasisPoints: 270, feeFixed: 30 },
  pln: { digits: 2, minimum: 200, feeBasisPoints: 150, feeFixed: 100 },
  sek: { digits: 2, minimum: 300, feeBasisPoints: 150, feeFixed: 180 },
  sgd: { digits: 2, minimum: 50, feeBasisPoints: 340, feeFixed: 50 },
  usd: { digits: 2, minimum: 50, feeBasisPoints: 290, feeFixed: 30 },
};

/** Stripe's fee of a card charge in minor units; half a minor unit rounds up. Integers only. */
export function cardFee(amount: number, currency: string): number {
  const rules = CURRENCIES[currency];
  if (rules === undefined) throw new Error(`no fee table for currency "${currency}"`);
  const scaled = BigInt(amount) * BigInt(rules.feeBasisPoints);
  return Number((scaled + 5000n) / 10_000n) + rules.feeFixed;
}

/** `1234, 'eur'` → `12.34 EUR`. */
export function formatMoney(amount: number, currency: string): string {
  const digits = CURRENCIES[currency]?.digits ?? 2;
  const sign = amount < 0 ? '-' : '';
  const units = Math.abs(amount)
    .toString()
    .padStart(digits + 1, '0');
  const cut = units.length - digits;
  const text = digits === 0 ? units : `${units.slice(0, cut)}.${units.slice(cut)}`;
  return `${sign}${text} ${currency.toUpperCase()}`;
}

/** How long the sandbox's bank takes over a delayed payment or refund. */
export const BANK_DECIDES_AFTER_MS = 500;

/** Waits in seconds after the 1st, 2nd, … failed attempt; the last one repeats. */
export const RETRY_WAITS_SECONDS = [0.2, 0.5, 1, 2, 5] as const;
/** Stripe gives up on a delivery after three days. */
export const RETRY_FOR_SECONDS = 3 * DAY;
export const DELIVERY_TIMEOUT_SECONDS = 10;
export const DELIVERY_CONCURRENCY = 16;
