import type { Rejection } from '../../domain/_kernel/rejection.ts';
import { crossing } from '../../platform/crash-points/index.ts';
import type { Host } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { type Database, transaction } from '../../platform/postgres/index.ts';
import { counter, histogram } from '../../platform/telemetry/index.ts';
import type { SagaDefinition } from './definition.ts';
import { createRowEnder } from './end-rows.ts';
import { classify, createTrouble, pauseAfter } from './failures.ts';
import { LONGEST_SLEEP_MS, startLoop, untilDue } from './loop.ts';
import {
  bringForward,
  claimRows,
  endAttempt,
  type LeasedRow,
  LeaseLostError,
  renewLeases,
  untilNextRow,
} from './outbox-rows.ts';
import { reportParked } from './report.ts';
import { takeInputs } from './take-inputs.ts';
import type { Worker } from './workers.ts';

export type Performed =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly rejection: Rejection };

export type OutboxWorker = { wake(): void; stop(): Promise<void> };

/** At a stop: how long running attempts may go on, and when they are left to their leases. */
const GRACE_MS = 1500;
const GIVEN_UP_MS = 3000;

/**
 * Works off the outbox rows of one kind: at most `concurrency` at a time, each under a lease that is
 * renewed while it runs. A worker that was killed or stopped loses its rows after `leaseMs`; if it
 * comes back, its fence is old and its result is refused.
 */
export function startOutboxWorker(options: {
  pool: Database;
  sagas: ReadonlyMap<string, SagaDefinition>;
  kind: LeasedRow['kind'];
  /** What it can perform (null: anything); other rows wait for a release that knows them. */
  names: readonly string[] | null;
  concurrency: number;
  leaseMs: number;
  maxAttempts: number;
  worker: string;
  perform: (row: LeasedRow, signal: AbortSignal) => Promise<Performed>;
  /** Told whom a refusal left work for. */
  onTaken: (workers: readonly Worker[]) => void;
  log: Logger;
  host: Host;
}): OutboxWorker {
  const { pool, sagas, kind, names, concurrency, leaseMs, maxAttempts, worker } = options;
  const { perform, onTaken, log, host } = options;
  const trouble = createTrouble();
  const running = new Map<string, { row: LeasedRow; abort: AbortController }>();
  const endRow = createRowEnder(pool, host);

  const attempts = counter({
    name: 'pawprint_saga_outbox_attempts_total',
    help: 'Attempts at commands and side effects of sagas, by how they ended',
    labels: ['kind', 'name', 'outcome'],
  });
  const duration = histogram({
    name: 'pawprint_saga_outbox_seconds',
    help: 'Time of one attempt at a command or side effect of a saga',
    labels: ['kind', 'name'],
  });

  /** The refusal and the end of the row are one transaction: the saga hears of it exactly once. */
  const refuse = async (row: LeasedRow, rejection: Rejection): Promise<void> => {
    const saga = sagas.get(row.saga);
    if (saga === undefined) throw new TypeError(`there is no saga called ${row.saga}`);
    const { params, body } = row.payload as { params: unknown; body: unknown };
    const refusal = { command: row.name, params, body, rejection };
    const origin = { id: row.id, correlationId: row.correlationId, ordinal: null };
    const taken = await transaction(pool, async (session) => {
      const { id, instance, correlationId } = row;
      const input = { kind: 'refused', ...refusal } as const;
      const reference = { kind: 'refused', id, correlationId, refusal } as const;
      const given = await takeInputs(session, [{ saga, instance, origin, input, reference }], {
        now: host.now(),
      });
      await endAttempt(session, row, { status: 'done', outcome: `refused: ${rejection.code}` });
      return given;
    });
    reportParked(log, taken);
    onTaken(taken.workers);
  };

  /** What waited for an outage is tried at its end. If that fails it waits for its turn. */
  const tryNow = async (ids: readonly string[]): Promise<void> => {
    if (ids.length === 0) return;
    try {
      await bringForward(pool, ids);
      loop.wake();
    } catch (error) {
      log.warn({ err: error, rows: ids.length }, 'what waited for an outage waits for its turn');
    }
  };

  const fail = async (row: LeasedRow, error: unknown, ended: number): Promise<string> => {
    const failure = classify(error);
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const about = { err: error, saga: row.saga, instance: row.instance, name: row.name };
    const tries = row.attempt - row.attemptsBefore;
    const over = failure === 'never' || (failure === 'unexpected' && tries >= maxAttempts);
    if (over) {
      trouble.givenUp(row.id);
      log.error({ ...about, attempt: row.attempt }, 'given up: somebody has to look');
      await endAttempt(pool, row, { status: 'dead', outcome: 'dead', error: text });
      return 'dead';
    }
    const pauseMs = pauseAfter(tries, trouble.failed(row.id, failure), host.random);
    log.warn({ ...about, attempt: row.attempt, pauseMs }, 'an attempt failed and will be repeated');
    await endAttempt(pool, row, { status: 'pending', outcome: failure, error: text, pauseMs });
    // The outage ended between its failure and its pause: nobody would bring it forward.
    if (trouble.outagesEnded() !== ended) await tryNow([row.id]);
    return failure;
  };

  const attempt = async (row: LeasedRow, signal: AbortSignal): Promise<string> => {
    const ended = trouble.outagesEnded();
    let performed: Performed;
    try {
      performed = await crossing(kind === 'command' ? 'saga.perform-command' : null, () =>
        perform(row, signal),
      );
    } catch (error) {
      return fail(row, error, ended);
    }
    await tryNow(trouble.worked(row.id));
    if (performed.kind === 'refused') {
      await refuse(row, performed.rejection);
      return 'refused';
    }
    await endRow(row);
    return 'done';
  };

  const work = async (row: LeasedRow): Promise<void> => {
    const abort = new AbortController();
    running.set(row.id, { row, abort });
    const stop = duration.startTimer({ kind, name: row.name });
    let outcome = 'unrecorded';
    try {
      outcome = await attempt(row, abort.signal);
    } catch (error) {
      // Either somebody else has it now, or Postgres is away: then the lease ends and it is repeated.
      const about = { err: error, saga: row.saga, instance: row.instance, name: row.name };
      if (error instanceof LeaseLostError) outcome = 'lease-lost';
      log.warn(about, 'the end of an attempt could not be recorded');
    } finally {
      stop();
      attempts.inc({ kind, name: row.name, outcome });
      running.delete(row.id);
      // The next row of its lane may be taken now.
      loop.wake();
    }
  };

  const endRenewals = host.every(leaseMs / 3, () => {
    const mine = [...running.values()];
    if (mine.length === 0) return;
    const rows = mine.map(({ row }) => row);
    renewLeases(pool, rows, leaseMs).then(
      (kept) => {
        for (const { row, abort } of mine) if (!kept.has(row.id)) abort.abort();
      },
      (error: unknown) => log.warn({ err: error }, 'leases could not be renewed'),
    );
  });

  const claim = (limit: number): Promise<LeasedRow[]> =>
    crossing('saga.take-rows', () =>
      claimRows(pool, { kind, names, limit, leaseMs, worker, busy: [...running.keys()] }),
    );

  /** Milliseconds to sleep. */
  const turn = async (): Promise<number> => {
    const limit = concurrency - running.size;
    if (limit <= 0) return LONGEST_SLEEP_MS;
    const rows = await claim(limit);
    for (const row of rows) void work(row);
    // It looks again at once: when the next row is due does not matter then.
    if (loop.woken()) return LONGEST_SLEEP_MS;
    return untilDue(await untilNextRow(pool, kind, names));
  };

  const loop = startLoop({ log, what: 'the outbox', turn, host });

  return {
    wake: loop.wake,
    stop: async () => {
      await loop.stop();
      // What is running gets a moment to end well; then it is told to stop, and is repeated later.
      const stoppedAt = host.elapsed();
      while (running.size > 0 && host.elapsed() - stoppedAt < GIVEN_UP_MS) {
        if (host.elapsed() - stoppedAt > GRACE_MS)
          for (const { abort } of running.values()) abort.abort();
        await loop.sleep(100);
      }
      endRenewals();
    },
  };
}
