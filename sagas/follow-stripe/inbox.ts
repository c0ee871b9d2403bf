import { crossing } from '../../platform/crash-points/index.ts';
import { open, seal } from '../../platform/keys/cipher.ts';
import { type Database, isConnectionError } from '../../platform/postgres/index.ts';
import type { StripeWebhook } from '../../platform/stripe/index.ts';
import { together } from '../../platform/together.ts';
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

type Arrived = { readonly event: StripeWebhook; readonly rawBody: Buffer };

/** One statement for all that came together. Of one that is in it twice the first is stored. */
async function store(
  pool: Database,
  key: Buffer,
  arrived: readonly Arrived[],
): Promise<('new' | 'repeat')[]> {
  const { rows } = await crossing('inbox.store-webhook', () =>
    pool.query<{ event_id: string }>({
      name: 'store webhooks',
      text: `with stored as (
           insert into stripe.inbox (event_id, type, object_id, object_type, payload_hash,
                                     body_encrypted, status, reason)
           select event_id, type, object_id, object_type, payload_hash, body,
                  case when reason is null then 'pending' else 'ignored' end, reason
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[])
               as arrived(event_id, type, object_id, object_type, payload_hash, body, reason)
           on conflict (event_id) do nothing returning event_id)
         select event_id, pg_notify('${INBOX_CHANNEL}', '') from stored`,
      values: [
        arrived.map(({ event }) => event.id),
        arrived.map(({ event }) => event.type),
        arrived.map(({ event }) => event.object?.id ?? null),
        arrived.map(({ event }) => event.object?.type ?? null),
        arrived.map(({ event }) => event.payloadHash),
        arrived.map(({ event, rawBody }) => seal(key, rawBody, aad(event.id))),
        arrived.map(({ event }) => ignoredBecause(event.object)),
      ],
    }),
  );
  const fresh = new Set(rows.map((row) => row.event_id));
  return arrived.map(({ event: { id } }) => (fresh.delete(id) ? 'new' : 'repeat'));
}

/** The same; when Postgres takes them not all together, one by one, for one may be to blame. */
async function storeAll(
  pool: Database,
  key: Buffer,
  arrived: readonly Arrived[],
): Promise<('new' | 'repeat' | Error)[]> {
  try {
    return await store(pool, key, arrived);
  } catch (error) {
    if (arrived.length === 1 || isConnectionError(error)) throw error;
    const outcomes: ('new' | 'repeat' | Error)[] = [];
    for (const one of arrived) {
      outcomes.push(...(await storeAll(pool, key, [one]).catch((cause: Error) => [cause])));
    }
    return outcomes;
  }
}

/**
 * Where webhooks are taken in. Bodies hold names and addresses, so they are encrypted (AES-256-GCM,
 * `key`: 32 bytes of this purpose) and kept apart from the log, for a while.
 */
export function stripeInbox({ pool, key }: { pool: Database; key: Buffer }): StripeInbox {
  const take = together((arrived: readonly Arrived[]) => storeAll(pool, key, arrived));
  return {
    receive: (event, rawBody) => take({ event, rawBody }),
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
