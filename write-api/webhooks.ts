import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HttpProblem, type Operation, publicAccess, retryLater } from '../platform/http/index.ts';

/** What the write API needs to know of a Stripe event; the rest is fetched again by the saga. */
export type StripeEvent = { readonly id: string; readonly type: string };

export type StripeWebhooks<Event extends StripeEvent = StripeEvent> = {
  /** Checks signature and age against the raw bytes and parses them. Throws `WebhookRefusedError` when they are not good. */
  readonly verify: (rawBody: Buffer, signature: string) => Event | Promise<Event>;
  /** Stores it for ever, once. Returning means it is durable. */
  readonly receive: (event: Event, rawBody: Buffer) => Promise<'new' | 'repeat'>;
};

const MAX_BYTES = 1024 * 1024;
const body = z.looseObject({ id: z.string(), object: z.literal('event'), type: z.string() });
const reply = z.strictObject({ received: z.literal(true) });

const operation: Operation = {
  name: 'receive-stripe-event',
  summary: 'Receive a Stripe event',
  description:
    'For Stripe only. The signature in `Stripe-Signature` is checked over the bytes as they came, the event is stored once, and the answer does not wait for what follows from it.',
  tag: 'Webhooks',
  access: publicAccess,
  status: 200,
  problems: ['invalid-signature'],
  requestHeaders: [],
  responseHeaders: [],
  example: {
    body: {
      id: 'evt_1NG8Du2eZvKYlo2CUI79vXWy',
      object: 'event',
      type: 'payment_intent.succeeded',
      data: { object: { id: 'pi_3MtwBwLkdIwHu7ix28a3tqPa', object: 'payment_intent' } },
    },
    reply: { received: true },
  },
};

/**
 * A scope of its own: here bodies stay bytes, because the signature is over the bytes. 2xx only once
 * the event is stored; anything else makes Stripe send it again, for three days.
 */
export async function mountStripeWebhook<Event extends StripeEvent>(
  app: FastifyInstance,
  webhooks: StripeWebhooks<Event>,
): Promise<void> {
  await app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: MAX_BYTES },
      (_request, bytes, done) => done(null, bytes),
    );
    // The schema is for the reference: the body here is bytes, and Stripe's to shape.
    scope.setValidatorCompiler(() => (value: unknown) => ({ value }));
    scope.post(
      '/v1/webhooks/stripe',
      {
        config: { access: publicAccess, operation, rateClass: 'webhook' },
        bodyLimit: MAX_BYTES,
        schema: {
          operationId: operation.name,
          summary: operation.summary,
          description: operation.description ?? '',
          tags: [operation.tag],
          body,
          response: { 200: reply },
        },
      },
      async (request) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const event = await verified(webhooks, request, bytes);
        const outcome = await webhooks.receive(event, bytes).catch((cause: unknown) => {
          throw retryLater('unavailable', { cause });
        });
        request.log.info(
          { stripeEvent: event.id, type: event.type, outcome },
          'Stripe event received',
        );
        return { received: true };
      },
    );
    done();
  });
}

async function verified<Event extends StripeEvent>(
  webhooks: StripeWebhooks<Event>,
  request: FastifyRequest,
  bytes: Buffer,
): Promise<Event> {
  const signature = request.headers['stripe-signature'];
  if (typeof signature !== 'string') throw new HttpProblem('invalid-signature');
  try {
    return await webhooks.verify(bytes, signature);
  } catch (error) {
    // One of these may be an attack; many of them are a secret that was changed on one side only.
    request.log.warn({ err: error }, 'a webhook was refused');
    throw error;
  }
}
