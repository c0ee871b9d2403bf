import { hash } from 'node:crypto';
import { z } from 'zod';

/**
 * Ids are TypeID-shaped: a type prefix and 128 bits in Crockford base32 (`act_01h…`). They are
 * opaque: nothing sorts by them, and the id of what a command creates is derived from the command
 * id, so that a repeat of the command meets its own stream.
 */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** Every id prefix of the platform, with what it names. */
export const idPrefixes = {
  act: 'activity',
  art: 'article',
  bat: 'gift batch',
  dev: 'device',
  enr: 'enrollment',
  gft: 'gift',
  ins: 'installation',
  mem: 'member',
  pay: 'payment',
  pet: 'pet',
  ref: 'refund',
  til: 'till',
  tkt: 'ticket',
} as const;
export type IdPrefix = keyof typeof idPrefixes;

export type Id<P extends IdPrefix> = `${P}_${string}`;
export type ActivityId = Id<'act'>;
export type ArticleId = Id<'art'>;
export type EnrollmentId = Id<'enr'>;
export type GiftBatchId = Id<'bat'>;
export type GiftId = Id<'gft'>;
export type MemberId = Id<'mem'>;
export type PaymentId = Id<'pay'>;
export type PetId = Id<'pet'>;
export type RefundId = Id<'ref'>;
export type TicketId = Id<'tkt'>;
export type TillId = Id<'til'>;

/** RFC 9562 §6.6 namespace for everything Pawprint derives. */
export const PAWPRINT_NAMESPACE = '6f2a4f0e-5c0e-5d0a-9f7b-7c5c1d9e4a11';

function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** The variant of RFC 9562 in the upper two bits of a hexadecimal digit. */
const VARIANT = '89ab89ab89ab89ab';

/** UUID version 5 (RFC 9562 §5.5): the SHA-1 of namespace and name; the same input, the same id. */
export function uuidv5(namespace: string, name: string): string {
  const bytes = Buffer.concat([uuidBytes(namespace), Buffer.from(name, 'utf8')]);
  const hex = hash('sha1', bytes, 'hex');
  const variant = VARIANT.charAt(Number.parseInt(hex.charAt(16), 16));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** 16 bytes as 26 characters of Crockford base32, most significant first (the TypeID suffix). */
function base32(bytes: Buffer): string {
  let text = '';
  // 130 bits of text hold 128 bits of id: two zeros come first.
  let bits = 2;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((value >> bits) & 31);
    }
    value &= 31;
  }
  return text;
}

/** The id of the `index`-th thing of a kind that a command creates. */
export function deriveId<P extends IdPrefix>(prefix: P, seed: string, index = 0): Id<P> {
  return `${prefix}_${base32(uuidBytes(uuidv5(PAWPRINT_NAMESPACE, `${prefix}:${seed}:${index}`)))}`;
}

/**
 * The id of the `index`-th event that a command causes in a category of streams; the store's key of
 * idempotency. The category is part of it because one command may write to two streams (a seat and
 * its enrollment), and ids that are unique in the whole log are what auditors expect.
 */
export function eventIdOf(commandId: string, category: string, index: number): string {
  return uuidv5(commandId, `${category}:${index}`);
}

/** A zod schema for an id of one kind; the message names the shape that would be right. */
export function idSchema<P extends IdPrefix>(prefix: P): z.ZodType<Id<P>> {
  const example = deriveId(prefix, 'example');
  const name = idPrefixes[prefix];
  const what = /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
  return z
    .templateLiteral([`${prefix}_`, z.string().regex(/^[0-9a-hjkmnp-tv-z]{26}$/)], {
      error: `expected the id of ${what}, such as ${example}`,
    })
    .meta({ description: `Id of ${what}`, example }) as z.ZodType<Id<P>>;
}
