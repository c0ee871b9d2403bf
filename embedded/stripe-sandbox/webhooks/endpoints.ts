import type { Pool } from 'pg';
import { inTransaction } from '../store/transaction.ts';

export type WebhookOptions = {
  url: string;
  /** `whsec_…`, the key of the signatures. */
  secret: string;
  /** `enabled_events` of Stripe's webhook endpoints: the types that are sent; `*` and by default: all. */
  events?: readonly string[];
  /** Who it is across restarts; by default its place in the list. */
  id?: string;
};

/**
 * Makes the stored endpoints those of this start. An endpoint keeps its identity when its URL
 * changes (a free port taken at the next start), so that what is still to be delivered follows it.
 */
export async function syncEndpoints(
  pool: Pool,
  webhooks: readonly WebhookOptions[],
): Promise<void> {
  const endpoints = webhooks.map((webhook, index) => ({
    ...webhook,
    id: `we_${webhook.id ?? `start_${index}`}`,
  }));
  await inTransaction(pool, 'BEGIN', async (client) => {
    await client.query(
      'UPDATE stripe_sandbox.webhook_endpoints SET enabled = false WHERE id <> ALL ($1)',
      [endpoints.map((endpoint) => endpoint.id)],
    );
    // What a process before us had in hand when it died is free at once.
    await client.query(
      `UPDATE stripe_sandbox.deliveries SET leased_until = '-infinity'
        WHERE status = 'pending' AND leased_until > now()`,
    );
    for (const { id, url, secret, events = ['*'] } of endpoints) {
      await client.query(
        `INSERT INTO stripe_sandbox.webhook_endpoints (id, url, secret, enabled_events, enabled)
         VALUES ($1, $2, $3, $4, true)
         ON CONFLICT (id) DO UPDATE
           SET url = excluded.url, secret = excluded.secret,
               enabled_events = excluded.enabled_events, enabled = true`,
        [id, url, secret, events],
      );
    }
  });
}
