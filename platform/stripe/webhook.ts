import { createHash } from 'node:crypto';
import Stripe from 'stripe';
import { z } from 'zod';
import { WebhookRefusedError } from './errors.ts';

/** Visible ASCII: what goes into rows and addresses as it came. */
const word = z.string().regex(/^[\x21-\x7e]{1,255}$/);

const eventSchema = z.object({
  id: word,
  type: word,
  data: z.object({
    object: z.object({
      id: word.optional(),
      object: word,
      payment_intent: word.nullish(),
    }),
  }),
});

/** A verified webhook: a hint that an object changed. What it says is fetched, not believed. */
export type StripeWebhook = {
  readonly id: string;
  readonly type: string;
  /** What to fetch: a charge is looked at through its PaymentIntent. Null: the event names none. */
  readonly object: { readonly type: string; readonly id: string } | null;
  /** SHA-256 of the raw body, in hex. */
  readonly payloadHash: string;
};

/** Stripe re-sends a failed delivery with a new signature, so an old one is somebody else's. */
const TOLERANCE_SECONDS = 300;

/**
 * Checks the signature over the raw body against each secret (several while one is being replaced).
 * Throws `WebhookRefusedError`.
 */
export function verifyWebhook(
  rawBody: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
): StripeWebhook {
  if (signature === undefined)
    throw new WebhookRefusedError('the Stripe-Signature header is missing');
  const { data: event, error } = eventSchema.safeParse(verified(rawBody, signature, secrets));
  // The same body will come again and again: an answer of 500 would only ask for that.
  if (event === undefined)
    throw new WebhookRefusedError('the webhook does not look like an event', { cause: error });
  return {
    id: event.id,
    type: event.type,
    object: objectOf(event.data.object),
    payloadHash: createHash('sha256').update(rawBody).digest('hex'),
  };
}

type WebhookObject = z.output<typeof eventSchema>['data']['object'];

function objectOf({ id, object: type, payment_intent: intentId }: WebhookObject) {
  if (type === 'charge' && typeof intentId === 'string') {
    return { type: 'payment_intent', id: intentId };
  }
  return id === undefined ? null : { type, id };
}

function verified(rawBody: Buffer, signature: string, secrets: readonly string[]): unknown {
  let refusal: unknown;
  for (const secret of secrets) {
    try {
      return Stripe.webhooks.constructEvent(rawBody, signature, secret, TOLERANCE_SECONDS);
    } catch (error) {
      // V8 quotes the body in its message, and whoever logs the refusal would log that.
      refusal = error instanceof SyntaxError ? new SyntaxError('the body is no JSON') : error;
    }
  }
  throw new WebhookRefusedError('the webhook is not signed with a secret of ours', {
    cause: refusal,
  });
}
