import { setTimeout as delay } from 'node:timers/promises';
import type {
  Checkpoint,
  ConsumerDefinition,
  ConsumerSession,
} from '../../platform/consumer/types.ts';
import type { Logger } from '../../platform/log/index.ts';
import { openSession } from '../../platform/postgres/index.ts';
import type { SagaDefinition } from './definition.ts';
import { inputsOf, listenersOf } from './inputs.ts';
import { reportParked } from './report.ts';
import { type Taken, takeInputs } from './take-inputs.ts';

/** All sagas of the platform stand at one checkpoint. */
export const SAGAS_CONSUMER = 'sagas';

const LOCK = `select pg_try_advisory_lock(hashtextextended('pawprint ${SAGAS_CONSUMER}', 7)) as ours`;
const HEARTBEAT_MS = 1000;
/** A holder that does not speak for this long (stopped, cut off) loses its session and the lock. */
const SILENCE_MS = 4000;
const RETRY_LOCK_MS = 300;

/** The platform is stopping: the session is not opened any more. */
class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

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
  url: string;
  definitions: readonly SagaDefinition[];
  onTaken: (taken: Taken) => void;
  log: Logger;
}): SagaConsumer {
  const { url, definitions, onTaken, log } = options;
  const listeners = listenersOf(definitions);
  let stopped = false;
  let leading = false;

  const open = async (): Promise<ConsumerSession> => {
    const client = await openSession({ url, name: 'sagas' });
    let fail: (reason: Error) => void = () => undefined;
    const lost = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    lost.catch(() => {
      // The consumer listens; until it does, the loss also shows in the next query.
    });
    client.on('error', fail);
    client.on('end', () => fail(new Error('the session of the sagas ended')));
    try {
      await client.query(
        `set idle_session_timeout = ${SILENCE_MS}; set idle_in_transaction_session_timeout = ${SILENCE_MS};
         set statement_timeout = 15000; set tcp_keepalives_idle = 2; set tcp_keepalives_interval = 1;
         set tcp_keepalives_count = 3`,
      );
      for (;;) {
        const { rows } = await client.query<{ ours: boolean }>(LOCK);
        if (rows[0]?.ours === true) break;
        if (stopped) throw new StoppedError('stopped while standing by');
        await delay(RETRY_LOCK_MS);
      }
    } catch (error) {
      await client.end();
      throw error;
    }
    leading = true;
    const heartbeat = setInterval(() => {
      client.query('select 1').catch((error: unknown) => {
        fail(error instanceof Error ? error : new Error(String(error)));
      });
    }, HEARTBEAT_MS);
    heartbeat.unref();

    return {
      checkpoint: await readCheckpoint(client),
      lost,
      apply: async ({ events, checkpoint }) => {
        const last = events.at(-1);
        if (last === undefined || checkpoint === null) return;
        for (const event of events) {
          if (event.poison !== null && !listeners.has(event.type)) {
            log.warn(
              { err: event.poison, stream: event.stream, revision: event.revision },
              'no saga of this release listens to an event that it cannot read',
            );
          }
        }
        const inputs = events.flatMap((event) => inputsOf(event, listeners));
        await client.query('begin');
        let taken: Taken;
        try {
          taken = await takeInputs(client, inputs);
          await saveCheckpoint(client, checkpoint);
          await client.query('commit');
        } catch (error) {
          await client.query('rollback').catch(() => {
            // The connection is gone, and the transaction with it.
          });
          throw error;
        }
        reportParked(log, taken);
        onTaken(taken);
      },
      close: async () => {
        leading = false;
        clearInterval(heartbeat);
        await client.end().catch(() => {
          // It was cut already.
        });
      },
    };
  };

  return {
    definition: { name: SAGAS_CONSUMER, open },
    leads: () => leading,
    stop: () => {
      stopped = true;
    },
  };
}

type Queryable = Pick<Awaited<ReturnType<typeof openSession>>, 'query'>;

async function readCheckpoint(client: Queryable): Promise<Checkpoint | null> {
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
  await client.query(
    `insert into saga.checkpoints (consumer, log_id, position, ordinal, event_id)
     values ($1, $2, $3, $4, $5)
     on conflict (consumer) do update
        set log_id = excluded.log_id, position = excluded.position, ordinal = excluded.ordinal,
            event_id = excluded.event_id, updated_at = now()`,
    [
      SAGAS_CONSUMER,
      checkpoint.logId,
      checkpoint.position.toString(),
      checkpoint.ordinal,
      checkpoint.eventId,
    ],
  );
}
