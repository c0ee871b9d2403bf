import type pg from 'pg';
import type { Checkpoint } from '../../platform/consumer/types.ts';

export const RELAY_CONSUMER = 'nats-relay';
/** Whoever holds this lock relays; the others stand by. */
export const RELAY_LOCK = `pawprint ${RELAY_CONSUMER}`;

/** An event that went out without its data. */
export type Opaque = {
  readonly ordinal: number;
  readonly eventId: string;
  readonly stream: string;
  readonly type: string;
  readonly cause: string;
};

/** The connection that holds the lock: whoever lost the lock can write nothing through it. */
type Session = pg.ClientBase;

export async function readCheckpoint(client: Session): Promise<Checkpoint | null> {
  const { rows } = await client.query<{
    log_id: string;
    position: string;
    ordinal: string;
    event_id: string;
  }>(
    'select log_id, position::text, ordinal::text, event_id from relay.checkpoints where consumer = $1',
    [RELAY_CONSUMER],
  );
  const [row] = rows;
  if (row === undefined) return null;
  return {
    logId: row.log_id,
    position: BigInt(row.position),
    ordinal: Number(row.ordinal),
    eventId: row.event_id,
  };
}

/** One statement, so that what went out opaque is told exactly when the checkpoint passes it. */
export async function saveCheckpoint(
  client: Session,
  { logId, position, ordinal, eventId }: Checkpoint,
  opaque: readonly Opaque[],
): Promise<void> {
  await client.query(
    `with told as (
       insert into relay.opaque (consumer, ordinal, event_id, stream, type, cause)
       select $1, o.ordinal, o."eventId", o.stream, o.type, o.cause
       from jsonb_to_recordset($6::jsonb)
         as o (ordinal bigint, "eventId" text, stream text, type text, cause text)
       on conflict do nothing)
     insert into relay.checkpoints (consumer, log_id, position, ordinal, event_id)
     values ($1, $2, $3, $4, $5)
     on conflict (consumer) do update
        set log_id = excluded.log_id, position = excluded.position, ordinal = excluded.ordinal,
            event_id = excluded.event_id, updated_at = now()`,
    [RELAY_CONSUMER, logId, position.toString(), ordinal, eventId, JSON.stringify(opaque)],
  );
}
