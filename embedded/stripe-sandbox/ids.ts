import { randomFillSync } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A random id in Stripe's shape: `pi_3Qx…` (prefix and base-62 characters). */
export function newId(prefix: string, length = 24): string {
  return `${prefix}_${randomText(length)}`;
}

/** Drawn in advance: to ask for 4096 bytes takes about as long as to ask for 48. */
const drawn = new Uint8Array(4096);
let next = drawn.length;

/** A byte that nobody else gets. */
function randomByte(): number {
  if (next === drawn.length) {
    randomFillSync(drawn);
    next = 0;
  }
  const byte = drawn[next] ?? 0;
  next += 1;
  return byte;
}

export function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    const byte = randomByte();
    // 248 is the largest multiple of 62 in a byte: dropping the rest keeps the choice even.
    if (byte < 248) text += ALPHABET[byte % 62];
  }
  return text;
}

/** Stripe's timestamps are whole seconds. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000);
