import { crossing } from '../../platform/crash-points/index.ts';
import { open, seal } from '../../platform/keys/cipher.ts';
import type { Database } from '../../platform/postgres/index.ts';
import type { StripeWebhook } from '../../platform/stripe/index.ts';
import { isFollowed } from './fold-object.ts';
import { INBOX_CHANNEL, migrateStripe } from './schema.ts';

export type StripeInbox = {
  /** Stores a verified webhook once, durably. Whoever sends it again gets `repeat`. */
  receive(event: StripeWebhook, rawBody: Buffer): Promise<'new' | 'repeat'>;
  /** The body of a webhook, for support; null: unknown, or removed after its time. */
  body(eventId: string): Promise<Buffer | null>;
};

/** Kept for ever like the others, but nothing is to be done: null for what is followed. */
function ignoredBecause(object: StripeWebhook['object']): string | null {
  if (object === null) return 'it names no object';
  return isFollowed(object.type) ? null : `nothing follows from a ${object.type}`;
}

const aad = (eventId: string): string => `stripe-inbox|${eventId}`;

/** Makes the tables, and opens it. */
export async function createStripeInbox(options: {
  pool: Database;
  key: Buffer;
}): Promise<StripeInbox> {
  await migrateStripe(options.pool);
  return stripeInbox(options);
}

/**
 * Where webhooks are taken in. Bodies hold names and addresses, so they are encrypted (AES-256-GCM,
 * `key`: 32 bytes of this purpose) and kept apart from the log, for a while.
 */
export function stripeInbox({ pool, key }: { pool: Database; key: Buffer }): StripeInbox {
  return {
    receive: async ({ id, type, object, payloadHash }, rawBody) => {
      const { rowCount } = await crossing('inbox.store-webhook', () =>
        pool.query({
          name: 'store webhook',
          text: `with stored as (
           insert into stripe.inbox (event_id, type, object_id, object_type, payload_hash,
                                     body_encrypted, status, reason)
           values ($1, $2, $3, $4, $5, $6, case when $7::text is null then 'pending' else 'ignored' end, $7)
           on conflict (event_id) do nothing returning 1)
         select pg_notify('${INBOX_CHANNEL}', '') from stored`,
          values: [
            id,
            type,
            object?.id ?? null,
            object?.type ?? null,
            payloadHash,
            seal(key, rawBody, aad(id)),
            ignoredBecause(object),
          ],
        }),
      );
      return rowCount === 1 ? 'new' : 'repeat';
    },
    body: async (eventId) => {
      const { rows } = await pool.query<{ body_encrypted: Buffer | null }>(
        'select body_encrypted from stripe.inbox where event_id = $1',
        [eventId],
      );
      const sealed = rows[0]?.body_encrypted ?? null;
      return sealed === null ? null : open(key, sealed, aad(eventId));
    },
  };
}
