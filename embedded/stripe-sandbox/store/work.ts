import type { PoolClient } from 'pg';
import { newId, nowSeconds } from '../ids.ts';
import { API_VERSION } from '../settings.ts';
import type { EventType, Kind, Kinds, Stored, StoredEvent } from './kinds.ts';
import { prepared } from './prepared.ts';

export type Origin = { requestId: string | null; idempotencyKey: string | null };

/**
 * One unit of work inside one database transaction. Objects and events collect here and are
 * written together by `flush`, in the transaction that also stores the idempotent answer: a state
 * change, its events, its webhook deliveries and its answer exist all or not at all.
 */
export type Work = {
  readonly client: PoolClient;
  /** Reads a row and locks it until the transaction ends. Lock order: intent, charge. */
  lock<K extends Kind>(kind: K, id: string): Promise<Stored<K> | undefined>;
  find<K extends Kind>(kind: K, id: string): Promise<Stored<K> | undefined>;
  /** Saves a new object, or one that was read with `lock` and changed. */
  put<K extends Kind>(kind: K, stored: Stored<K>): void;
  /** Records an event with the object as it is now, and a delivery per webhook endpoint. */
  emit(type: EventType, object: unknown, previous?: Record<string, unknown>): void;
  /** Sends it all; whatever is sent behind it sees it. */
  flush(): Promise<void>;
  /** Forgets what was put and emitted and not flushed. */
  discard(): void;
  /** Whether events were written: the deliverer has something to do after the commit. */
  emitted(): boolean;
};

export function startWork(client: PoolClient, origin: Origin): Work {
  const changed = new Map<string, { kind: Kind; stored: Stored<Kind> }>();
  const events: StoredEvent[] = [];
  let emitted = false;

  async function read<K extends Kind>(
    kind: K,
    id: string,
    suffix: string,
  ): Promise<Stored<K> | undefined> {
    const { rows } = await client.query<Stored<K>>(
      prepared(
        `SELECT body, hidden FROM stripe_sandbox.objects WHERE id = $1 AND object = $2 ${suffix}`,
        [id, kind],
      ),
    );
    return rows[0];
  }

  return {
    client,
    lock: (kind, id) => read(kind, id, 'FOR UPDATE'),
    find: (kind, id) => read(kind, id, ''),
    put(kind, stored) {
      changed.set(stored.body.id, { kind, stored });
    },
    emit(type, object, previous) {
      emitted = true;
      events.push({
        id: newId('evt'),
        object: 'event',
        api_version: API_VERSION,
        created: nowSeconds(),
        // A copy: the object may change again in this very request.
        data: {
          object: structuredClone(object),
          ...(previous === undefined ? {} : { previous_attributes: previous }),
        },
        livemode: false,
        pending_webhooks: 0,
        request: { id: origin.requestId, idempotency_key: origin.idempotencyKey },
        type,
      });
    },
    async flush() {
      const rows = [
        ...[...changed.values()].map(({ kind, stored }) => toRow(kind, stored)),
        ...events.map((body) => toRow('event', { body, hidden: {} })),
      ];
      const emittedNow = events.map(({ id, type }) => ({ id, type }));
      changed.clear();
      events.length = 0;
      // The second goes out behind the first, whose failure fails it, too.
      await Promise.all([
        ...(rows.length > 0 ? [upsert(client, rows)] : []),
        ...(emittedNow.length > 0 ? [enqueue(client, emittedNow)] : []),
      ]);
    },
    discard() {
      changed.clear();
      events.length = 0;
      emitted = false;
    },
    emitted: () => emitted,
  };
}

type Row = { id: string; object: Kind; created: number; body: string; hidden: string };

function toRow<K extends Kind>(kind: K, { body, hidden }: Stored<K>): Row {
  const { id, created } = body as Pick<Kinds[Kind], 'id' | 'created'>;
  return {
    id,
    object: kind,
    created,
    body: JSON.stringify(body),
    hidden: JSON.stringify(hidden),
  };
}

async function upsert(client: PoolClient, rows: readonly Row[]): Promise<void> {
  const text = `INSERT INTO stripe_sandbox.objects (id, object, created, body, hidden)
     SELECT id, object, created, body, hidden
       FROM unnest($1::text[], $2::text[], $3::bigint[], $4::jsonb[], $5::jsonb[])
            WITH ORDINALITY AS r (id, object, created, body, hidden, position)
      ORDER BY position
     ON CONFLICT (id) DO UPDATE SET body = excluded.body, hidden = excluded.hidden`;
  await client.query(
    prepared(text, [
      rows.map((row) => row.id),
      rows.map((row) => row.object),
      rows.map((row) => row.created),
      rows.map((row) => row.body),
      rows.map((row) => row.hidden),
    ]),
  );
}

async function enqueue(
  client: PoolClient,
  events: readonly { readonly id: string; readonly type: string }[],
): Promise<void> {
  const text = `INSERT INTO stripe_sandbox.deliveries (event_id, endpoint_id)
     SELECT event_id, endpoint.id
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS e (event_id, type, position)
      CROSS JOIN stripe_sandbox.webhook_endpoints AS endpoint
      WHERE endpoint.enabled AND endpoint.enabled_events && ARRAY['*', e.type]
      ORDER BY position`;
  await client.query(prepared(text, [events.map(({ id }) => id), events.map(({ type }) => type)]));
}
