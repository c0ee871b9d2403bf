import type { Host } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { type Database, transaction } from '../../platform/postgres/index.ts';
import type { SagaDefinition } from './definition.ts';
import type { InstanceInput } from './inputs.ts';
import { type Loop, startLoop, untilDue } from './loop.ts';
import { reportParked } from './report.ts';
import { lockInstances } from './rows.ts';
import { takeInputs } from './take-inputs.ts';
import type { Worker } from './workers.ts';

type TimerRow = {
  readonly id: string;
  readonly saga: string;
  readonly instance: string;
  readonly name: string;
  readonly due_at: Date;
  readonly correlation_id: string;
};

const BATCH = 100;

function inputOf(saga: SagaDefinition, row: TimerRow): InstanceInput {
  const { id, name, correlation_id: correlationId } = row;
  const dueAt = row.due_at.toISOString();
  return {
    saga,
    instance: row.instance,
    origin: { id, correlationId, ordinal: null },
    input: { kind: 'timer', name, dueAt },
    reference: { kind: 'timer', id, name, dueAt, correlationId },
  };
}

/**
 * Turns due timers into inputs, each in one transaction with what follows from it: a timer fires
 * once, whatever the clock does and however many processes look. Any process may do it.
 */
export function startTimers(options: {
  pool: Database;
  sagas: ReadonlyMap<string, SagaDefinition>;
  now: () => number;
  /** Told after each transaction that left work, for whom. */
  onTaken: (workers: readonly Worker[]) => void;
  log: Logger;
  host?: Host;
}): Loop {
  const { pool, sagas, now, onTaken, log, host } = options;
  const names = [...sagas.keys()];

  /** How many it fired. */
  const fireDue = async (): Promise<number> => {
    const at = new Date(now());
    const due = await pool.query<TimerRow>({
      name: 'due timers',
      text: `select id, saga, instance, name, due_at, correlation_id from saga.timers
        where status = 'pending' and due_at <= $1 and saga = any ($2)
        order by due_at limit ${BATCH}`,
      values: [at, names],
    });
    if (due.rows.length === 0) return 0;
    const inputs = due.rows.flatMap((row) => {
      const saga = sagas.get(row.saga);
      return saga === undefined ? [] : [inputOf(saga, row)];
    });
    const taken = await transaction(pool, async (session) => {
      await lockInstances(session, inputs);
      // Between the look and the lock a timer may have been moved, called off or fired.
      const fired = await session.query<{ id: string }>({
        name: 'fire timers',
        text: `update saga.timers set status = 'fired', updated_at = now()
          where id = any ($1::uuid[]) and status = 'pending' and due_at <= $2 returning id`,
        values: [inputs.map((input) => input.origin.id), at],
      });
      const ids = new Set(fired.rows.map((row) => row.id));
      return takeInputs(
        session,
        inputs.filter((input) => ids.has(input.origin.id)),
        { now: now() },
      );
    });
    reportParked(log, taken);
    onTaken(taken.workers);
    return due.rows.length;
  };

  const untilNext = async (): Promise<number> => {
    const next = await pool.query<{ due_at: Date }>({
      name: 'next timer',
      text: `select due_at from saga.timers where status = 'pending' and saga = any ($1)
        order by due_at limit 1`,
      values: [names],
    });
    const [first] = next.rows;
    return untilDue(first === undefined ? null : first.due_at.getTime() - now());
  };

  return startLoop({
    ...{ log, host, what: 'timers' },
    turn: async ({ stopped }) => {
      while (!stopped() && (await fireDue()) > 0);
      return untilNext();
    },
  });
}
