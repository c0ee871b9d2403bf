import { z } from 'zod';
import { idSchema } from '../_kernel/ids.ts';

/**
 * The text on a ticket (in its QR code): `PAW1.<payload>.<signature>`, both base64url without
 * padding. The payload is compact JSON with the ids, the signature is Ed25519 over everything
 * before it, so the version is signed too. It carries no personal data and can be checked offline
 * with the public key. The text is derived, never stored.
 */
const VERSION = 'PAW1';
const SIGNATURE_BYTES = 64;

const ticketIdsSchema = z.strictObject({
  ticketId: idSchema('tkt'),
  enrollmentId: idSchema('enr'),
  activityId: idSchema('act'),
  memberId: idSchema('mem'),
});
export type TicketIds = z.infer<typeof ticketIdsSchema>;

export type TicketToken = {
  readonly payload: TicketIds;
  /** The text that the signature is over. */
  readonly signed: string;
  readonly signature: Uint8Array;
};

/** Signs bytes (Ed25519). */
export type Sign = (message: Uint8Array) => Uint8Array;
/** Whether a signature over these bytes is ours. */
export type Verify = (message: Uint8Array, signature: Uint8Array) => boolean;

/** What is to be signed: `PAW1.<payload>`. */
export function encodeTicketPayload(ids: TicketIds): string {
  const { ticketId: t, enrollmentId: e, activityId: a, memberId: m } = ids;
  const json = JSON.stringify({ t, e, a, m });
  return `${VERSION}.${Buffer.from(json, 'utf8').toString('base64url')}`;
}

export function signTicketToken(ids: TicketIds, sign: Sign): string {
  const signed = encodeTicketPayload(ids);
  const signature = sign(Buffer.from(signed, 'utf8'));
  return `${signed}.${Buffer.from(signature).toString('base64url')}`;
}

/**
 * Takes a ticket's text apart; null when it is not one. There is one spelling per ticket: anything
 * that we would write otherwise (order, spaces, padding, stray bits) is refused.
 */
export function parseTicketToken(text: string): TicketToken | null {
  const [version, encoded, sealed, ...rest] = text.split('.');
  if (version !== VERSION || encoded === undefined || sealed === undefined || rest.length > 0) {
    return null;
  }
  const payload = payloadOf(Buffer.from(encoded, 'base64url').toString('utf8'));
  const signature = Buffer.from(sealed, 'base64url');
  if (payload === null || signature.length !== SIGNATURE_BYTES) return null;
  const signed = encodeTicketPayload(payload);
  const canonical = `${signed}.${signature.toString('base64url')}`;
  return canonical === text ? { payload, signed, signature } : null;
}

/** The ids of a ticket that we signed; null for anything else. */
export function verifyTicketToken(text: string, verify: Verify): TicketIds | null {
  const token = parseTicketToken(text);
  if (token === null) return null;
  return verify(Buffer.from(token.signed, 'utf8'), token.signature) ? token.payload : null;
}

// A pattern rather than JSON.parse: hostile text cannot make it throw, nest or grow.
const PAYLOAD = /^\{"t":"([^"]{30})","e":"([^"]{30})","a":"([^"]{30})","m":"([^"]{30})"\}$/;

function payloadOf(json: string): TicketIds | null {
  const [, ticketId, enrollmentId, activityId, memberId] = PAYLOAD.exec(json) ?? [];
  const ids = ticketIdsSchema.safeParse({ ticketId, enrollmentId, activityId, memberId });
  return ids.success ? ids.data : null;
}
