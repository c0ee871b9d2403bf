import type { EventStore } from '../../platform/event-store/index.ts';
import type { Host } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { type Database, transaction } from '../../platform/postgres/index.ts';
import type { SagaDefinition } from './definition.ts';
import type { Session } from './inputs.ts';
import { LONGEST_SLEEP_MS, type Loop, startLoop } from './loop.ts';
import { type Answer, type Ask, PARKED } from './requests.ts';
import { PARKING_LOCK } from './schema.ts';
import { unpark } from './unpark.ts';
import { allWorkers, type Worker } from './workers.ts';

const NOTHING: Answer = { rows: 0, running: 0, timers: 0, inputs: 0, left: 0, cause: null };

type Deps = {
  readonly pool: Database;
  readonly eventStore: Pick<EventStore, 'readStreamRaw' | 'decode'>;
  readonly sagas: ReadonlyMap<string, SagaDefinition>;
};

type Request = Ask & { readonly id: number };

/** How each kind is done. Rows are changed in the transaction that ends the request. */
const doing: Readonly<
  Record<Ask['kind'], (deps: Deps, session: Session, ask: Ask) => Promise<Answer>>
> = {
  poke: async (deps, session, ask) => ({
    ...NOTHING,
    rows: await hurry(session, ask),
    ...(await unpark(deps, ask)),
  }),
  replay: async (deps, session, ask) =>
    ask.subject === PARKED
      ? { ...NOTHING, ...(await unpark(deps, ask)) }
      : { ...NOTHING, rows: await again(session, ask) },
  cancel: (_deps, session, ask) => callOff(session, ask),
};

/**
 * Does what operators ask, one request after the other, in any process of the role. One that cannot
 * be done yet (the log is away) stays, with its trouble, and is tried again.
 */
export function answerRequests(
  options: Deps & {
    readonly onTaken: (workers: readonly Worker[]) => void;
    readonly log: Logger;
    readonly host: Host;
  },
): Loop {
  const { onTaken, log, host, ...deps } = options;
  const { pool } = deps;

  /** Null: no other is open. */
  const answerNext = async (after: number): Promise<number | null> => {
    let request: Request | undefined;
    try {
      await transaction(pool, async (session) => {
        const { rows } = await session.query<Request>(
          `select id, kind, saga, instance, subject from saga.requests
            where answered_at is null and id > $1 order by id limit 1 for update skip locked`,
          [after],
        );
        request = rows[0];
        if (request === undefined) return;
        const answer = await doing[request.kind](deps, session, request);
        await session.query(
          `update saga.requests set answered_at = clock_timestamp(), answer = $2, trouble = null
            where id = $1`,
          [request.id, answer],
        );
        log.info({ request, answer }, 'did what an operator asked of a saga');
      });
    } catch (error) {
      if (request === undefined) throw error;
      log.warn({ err: error, request }, 'what an operator asked of a saga could not be done yet');
      const text = error instanceof Error ? error.message : String(error);
      await pool.query('update saga.requests set trouble = $2 where id = $1', [request.id, text]);
    }
    return request?.id ?? null;
  };

  return startLoop({
    ...{ log, host, what: 'requests of operators' },
    turn: async ({ stopped }) => {
      let last: number | null = 0;
      let answered = 0;
      for (; !stopped(); answered += 1) {
        last = await answerNext(last);
        if (last === null) break;
      }
      if (answered > 0) onTaken(allWorkers);
      return LONGEST_SLEEP_MS;
    },
  });
}

async function hurry(session: Session, { saga, instance }: Ask): Promise<number> {
  const { rowCount } = await session.query(
    `update saga.outbox set next_attempt_at = clock_timestamp()
      where saga = $1 and instance = $2 and status = 'pending' and next_attempt_at > clock_timestamp()`,
    [saga, instance],
  );
  return rowCount ?? 0;
}

async function again(session: Session, { subject }: Ask): Promise<number> {
  const { rowCount } = await session.query(
    `update saga.outbox set status = 'pending', next_attempt_at = clock_timestamp(), done_at = null,
            attempts_before = attempts
      where id = $1 and status = 'dead'`,
    [subject],
  );
  return rowCount ?? 0;
}

/** Takes the lease of what runs away, too: its worker's result is refused, as of one that was killed. */
async function callOff(session: Session, { saga, instance }: Ask): Promise<Answer> {
  const of = [saga, instance];
  await session.query(`select pg_advisory_xact_lock(${PARKING_LOCK})`);
  await session.query(
    'select 1 from saga.instances where saga = $1 and instance = $2 for update',
    of,
  );
  const timers = await session.query(
    `update saga.timers set status = 'cancelled', updated_at = now()
      where saga = $1 and instance = $2 and status = 'pending'`,
    of,
  );
  const running = await session.query(
    `update saga.outbox_attempts a
        set ended_at = clock_timestamp(), outcome = 'called off while it ran: it may have happened'
       from saga.outbox o
      where o.saga = $1 and o.instance = $2 and o.status = 'leased'
        and a.outbox_id = o.id and a.fence = o.fence`,
    of,
  );
  const rows = await session.query(
    `update saga.outbox set status = 'cancelled', lease_until = null, done_at = clock_timestamp()
      where saga = $1 and instance = $2 and status in ('pending', 'leased', 'dead')`,
    of,
  );
  const inputs = await session.query(
    'delete from saga.parked where saga = $1 and instance = $2',
    of,
  );
  return {
    ...NOTHING,
    rows: rows.rowCount ?? 0,
    running: running.rowCount ?? 0,
    timers: timers.rowCount ?? 0,
    inputs: inputs.rowCount ?? 0,
  };
}
