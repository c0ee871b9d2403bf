import type { StoredEvent } from '../../domain/_kernel/event.ts';
import type {
  Checkpoint,
  ConsumerDefinition,
  ConsumerSession,
  DeliveredEvent,
} from '../../platform/consumer/types.ts';
import { crossing } from '../../platform/crash-points/index.ts';
import { type Host, machine } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { LOOK_UP_BY_KEY } from '../../platform/postgres/by-key.ts';
import type { ConnectedDatabase } from '../../platform/postgres/connected.ts';
import type { Queryable } from '../../platform/postgres/index.ts';
import type { SagaDefinition } from './definition.ts';
import { inputsOf, listenersOf } from './inputs.ts';
import { reportParked } from './report.ts';
import { type Taken, takeInputs } from './take-inputs.ts';

/** All sagas of the platform stand at one checkpoint. */
export const SAGAS_CONSUMER = 'sagas';
/** Whoever holds this lock reacts to events; the others stand by. */
export const SAGAS_LOCK = `pawprint ${SAGAS_CONSUMER}`;

export type SagaConsumer = {
  readonly definition: ConsumerDefinition;
  /** Whether this process holds the lock. The others stand by. */
  leads(): boolean;
  /** Lets a waiting `open` end. */
  stop(): void;
};

/**
 * The consumer of all sagas. Its session is the connection that holds the lock, and everything it
 * writes is written through it: a holder that lost the lock has lost the connection too and can
 * write nothing. That is the fence.
 */
export function sagaConsumer(options: {
  database: Pick<ConnectedDatabase, 'openLockSession'>;
  definitions: readonly SagaDefinition[];
  onTaken: (taken: Taken) => void;
  /** Told of what arrives at the head of the log, before it is taken. */
  onHeard?: (events: readonly StoredEvent[]) => void;
  log: Logger;
  /** How long the connection may go without an answer. */
  silenceMs?: number;
  host?: Host;
}): SagaConsumer {
  const { database, definitions, onTaken, onHeard, log, silenceMs, host = machine } = options;
  const listeners = listenersOf(definitions);
  const stopping = new AbortController();
  let leading = false;

  const tellUnread = (events: readonly DeliveredEvent[]): void => {
    for (const { poison, type, stream, revision } of events) {
      if (poison === null || listeners.has(type)) continue;
      const about = { err: poison, stream, revision };
      log.warn(about, 'no saga of this release listens to an event that it cannot read');
    }
  };

  const open = async (): Promise<ConsumerSession> => {
    const session = await database.openLockSession({
      name: SAGAS_CONSUMER,
      locks: [SAGAS_LOCK],
      settings: LOOK_UP_BY_KEY,
      stopping: stopping.signal,
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
    const { client, lost } = session;
    const checkpoint = await readCheckpoint(client).catch(async (error: unknown) => {
      await session.close();
      throw error;
    });
    leading = true;
    return {
      checkpoint,
      lost,
      apply: async ({ events, checkpoint: reached, live }) => {
        const last = events.at(-1);
        if (last === undefined || reached === null) return;
        if (live) onHeard?.(events.filter(({ poison }) => poison === null));
        tellUnread(events);
        const inputs = events.flatMap((event) => inputsOf(event, listeners));
        if (inputs.length === 0) {
          // Most batches: no saga hears of any of them. One statement is a transaction by itself, and
          // the session that it goes through is the fence of this one, too.
          await crossing('saga.commit', () => saveCheckpoint(client, reached));
          return;
        }
        const taken = await session.transaction(async () => {
          const result = await takeInputs(client, inputs, { now: host.now() });
          await saveCheckpoint(client, reached);
          return result;
        }, 'saga.commit');
        reportParked(log, taken);
        onTaken(taken);
      },
      close: async () => {
        leading = false;
        await session.close();
      },
    };
  };

  return {
    definition: { name: SAGAS_CONSUMER, open },
    leads: () => leading,
    stop: () => stopping.abort(),
  };
}

/** Where the sagas stand; null: before the first event. */
export async function readCheckpoint(client: Queryable): Promise<Checkpoint | null> {
  const { rows } = await client.query<{
    log_id: string;
    position: string;
    ordinal: number;
    event_id: string;
  }>('select log_id, position::text, ordinal, event_id from saga.checkpoints where consumer = $1', [
    SAGAS_CONSUMER,
  ]);
  const row = rows[0];
  if (row === undefined) return null;
  const { log_id: logId, position, ordinal, event_id: eventId } = row;
  return { logId, position: BigInt(position), ordinal, eventId };
}

async function saveCheckpoint(client: Queryable, checkpoint: Checkpoint): Promise<void> {
  await client.query({
    name: 'save checkpoint',
    text: `
      insert into saga.checkpoints (consumer, log_id, position, ordinal, event_id)
      values ($1, $2, $3, $4, $5)
      on conflict (consumer) do update
         set log_id = excluded.log_id, position = excluded.position, ordinal = excluded.ordinal,
             event_id = excluded.event_id, updated_at = now()`,
    values: [
      SAGAS_CONSUMER,
      checkpoint.logId,
      checkpoint.position.toString(),
      checkpoint.ordinal,
      checkpoint.eventId,
    ],
  });
}
