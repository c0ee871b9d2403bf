import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { z } from 'zod';
import { resourceMissing } from '../http/errors.ts';
import type { ControlDeps } from './deps.ts';
import { readInput } from './input.ts';

const listInput = z.strictObject({
  status: z.enum(['pending', 'delivered', 'given_up']).optional(),
  event: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
const redeliverInput = z.strictObject({
  times: z.coerce.number().int().min(1).max(1000).default(1),
  /** Which events; all of them when neither is given. */
  events: z.array(z.string()).optional(),
  types: z.array(z.string()).optional(),
  shuffle: z.stringbool().or(z.boolean()).default(true),
});
type Redeliver = z.infer<typeof redeliverInput>;

/** The delivery log, and deliveries on demand: duplicates and disorder, as Stripe allows itself. */
export function mountDeliveries(app: FastifyInstance, { pool, wake }: ControlDeps): void {
  app.get('/_sandbox/deliveries', async (request, reply) => {
    const input = readInput(listInput, request);
    return reply.send({ deliveries: await listDeliveries(pool, input) });
  });

  app.post('/_sandbox/redeliver', async (request, reply) => {
    const input = readInput(redeliverInput, request);
    const queued = await redeliver(pool, input);
    wake();
    return reply.send({ queued });
  });

  app.post<{ Params: { id: string } }>('/_sandbox/events/:id/redeliver', async (request, reply) => {
    const { id } = request.params;
    const input = { ...readInput(redeliverInput, request), events: [id] };
    const { rowCount } = await pool.query(
      "SELECT FROM stripe_sandbox.objects WHERE id = $1 AND object = 'event'",
      [id],
    );
    if (rowCount === 0) throw resourceMissing('event', id);
    const queued = await redeliver(pool, input);
    wake();
    return reply.send({ queued });
  });
}

/** New deliveries: what is named to every endpoint, else to those that want it; shuffled, they come due in a random order. */
async function redeliver(pool: Pool, input: Redeliver): Promise<number> {
  const { rowCount } = await pool.query(
    `INSERT INTO stripe_sandbox.deliveries (event_id, endpoint_id, next_attempt_at)
     SELECT o.id, e.id,
            now() + CASE WHEN $4 THEN random() * interval '200 ms' ELSE interval '0' END
       FROM stripe_sandbox.objects o
      CROSS JOIN stripe_sandbox.webhook_endpoints e
      CROSS JOIN generate_series(1, $1::integer)
      WHERE o.object = 'event' AND e.enabled
        AND ($2::text[] IS NOT NULL OR e.enabled_events && ARRAY['*', o.body->>'type'])
        AND ($2::text[] IS NULL OR o.id = ANY ($2))
        AND ($3::text[] IS NULL OR o.body->>'type' = ANY ($3))`,
    [input.times, input.events ?? null, input.types ?? null, input.shuffle],
  );
  return rowCount ?? 0;
}

async function listDeliveries(pool: Pool, input: z.infer<typeof listInput>): Promise<unknown[]> {
  const { rows } = await pool.query<Record<string, unknown>>(
    `SELECT d.id, d.event_id AS event, o.body->>'type' AS type, d.endpoint_id AS endpoint, e.url,
            d.status, d.attempts, d.next_attempt_at AS "nextAttemptAt", d.created_at AS "createdAt",
            coalesce((SELECT jsonb_agg(jsonb_build_object(
                        'attempt', a.attempt, 'at', a.at, 'statusCode', a.status_code,
                        'error', a.error, 'durationMs', a.duration_ms) ORDER BY a.attempt)
                        FROM stripe_sandbox.delivery_attempts a WHERE a.delivery_id = d.id),
                     '[]') AS log
       FROM stripe_sandbox.deliveries d
       JOIN stripe_sandbox.webhook_endpoints e ON e.id = d.endpoint_id
       JOIN stripe_sandbox.objects o ON o.id = d.event_id
      WHERE ($1::text IS NULL OR d.status = $1) AND ($2::text IS NULL OR d.event_id = $2)
      ORDER BY d.id DESC LIMIT $3`,
    [input.status ?? null, input.event ?? null, input.limit],
  );
  return rows;
}

type Counts = { delivered: number; pending: number; givenUp: number };

export async function deliveryCounts(pool: Pool): Promise<Counts> {
  const { rows } = await pool.query<Counts>(
    `SELECT count(*) FILTER (WHERE status = 'delivered')::integer AS delivered,
            count(*) FILTER (WHERE status = 'pending')::integer AS pending,
            count(*) FILTER (WHERE status = 'given_up')::integer AS "givenUp"
       FROM stripe_sandbox.deliveries`,
  );
  return rows[0] ?? { delivered: 0, pending: 0, givenUp: 0 };
}
