import type { PoolClient } from 'pg';
import { z } from 'zod';
import { resourceMissing } from '../http/errors.ts';
import { expand, page, text } from '../http/params.ts';
import { type Route, route } from '../http/route.ts';
import type { StoredEvent } from '../store/kinds.ts';
import { type Condition, equals, listObjects } from './list.ts';

export const eventRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/events',
    access: 'secret',
    params: z.strictObject({
      ...page,
      type: text(100).optional(),
      types: z.array(text(100)).max(20).optional(),
    }),
    handle: async ({ work, params }) => {
      const conditions: Condition[] = [
        ...typeCondition(params.type),
        ...(params.types === undefined
          ? []
          : [{ sql: "body->>'type' = ANY (?)", value: params.types }]),
      ];
      const reply = await listObjects(work.client, 'event', params, conditions, '/v1/events');
      return { body: { ...reply.body, data: await withPending(work.client, reply.body.data) } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/events/:id',
    access: 'secret',
    params: z.strictObject(expand),
    handle: async ({ work, id }) => {
      const event = await work.find('event', id);
      if (event === undefined) throw resourceMissing('event', id);
      const [body = event.body] = await withPending(work.client, [event.body]);
      return { body };
    },
  }),
];

/** `charge.*` asks for the whole family, as Stripe's list does. */
function typeCondition(type: string | undefined): Condition[] {
  if (type === undefined || !type.endsWith('.*')) return equals('type', type);
  return [{ sql: "starts_with(body->>'type', ?)", value: type.slice(0, -1) }];
}

/** `pending_webhooks` counts deliveries that no 2xx has answered yet; it is not stored. */
async function withPending(
  client: PoolClient,
  events: readonly StoredEvent[],
): Promise<StoredEvent[]> {
  const { rows } = await client.query<{ event_id: string; pending: number }>(
    `SELECT event_id, count(*)::integer AS pending FROM stripe_sandbox.deliveries
      WHERE event_id = ANY ($1) AND status = 'pending' GROUP BY event_id`,
    [events.map((event) => event.id)],
  );
  const pending = new Map(rows.map((row) => [row.event_id, row.pending]));
  return events.map((event) => ({ ...event, pending_webhooks: pending.get(event.id) ?? 0 }));
}
