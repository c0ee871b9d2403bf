import { deliveredEvent } from '../../platform/consumer/index.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import { type Database, transaction } from '../../platform/postgres/index.ts';
import type { SagaDefinition } from './definition.ts';
import {
  type InstanceInput,
  inputsOf,
  instanceKey,
  type ParkedInput,
  type Session,
} from './inputs.ts';
import { PARKING_LOCK } from './schema.ts';
import { takeInputs } from './take-inputs.ts';

export type Unparked = {
  readonly inputs: number;
  readonly left: number;
  /** Why the first of those that are left cannot be taken; null: nothing is left. */
  readonly cause: string | null;
};

type ParkedRow = { readonly id: number; readonly input: ParkedInput };
type Of = { readonly saga: string; readonly instance: string };

/** Inputs of one transaction: meanwhile the sagas take no others. */
const PAGE = 200;

const SELECT = `select id, input from saga.parked where saga = $1 and instance = $2 order by id limit ${PAGE}`;

/**
 * Takes the parked inputs of an instance again, in their order, as far as they go: the first that
 * still cannot be taken stays with its new cause, and everything behind it. Events are read from the
 * log and decoded as this release does.
 */
export async function unpark(
  deps: {
    readonly pool: Database;
    readonly eventStore: Pick<EventStore, 'readStreamRaw' | 'decode'>;
    readonly sagas: ReadonlyMap<string, SagaDefinition>;
  },
  of: Of,
): Promise<Unparked> {
  const { pool, eventStore, sagas } = deps;
  const saga = sagas.get(of.saga);
  let inputs = 0;
  for (;;) {
    const { rows } = await pool.query<ParkedRow>(SELECT, [of.saga, of.instance]);
    if (rows.length === 0) return { inputs, left: 0, cause: null };
    if (saga === undefined) {
      return { inputs, ...(await leftOf(pool, of, `this release has no saga ${of.saga}`)) };
    }
    // Read before the lock is taken: the log may be slow to answer.
    const read: (readonly InstanceInput[])[] = [];
    for (const row of rows) read.push(await inputOf(eventStore, saga, of.instance, row.input));
    const done = await transaction(pool, (session) => takeAgain(session, of, rows, read));
    inputs += done.taken;
    if (done.cause !== null) return { inputs, ...(await leftOf(pool, of, done.cause)) };
  }
}

async function leftOf(session: Session, { saga, instance }: Of, cause: string) {
  const { rows } = await session.query<{ left: number }>(
    'select count(*)::int as left from saga.parked where saga = $1 and instance = $2',
    [saga, instance],
  );
  return { left: rows[0]?.left ?? 0, cause };
}

async function takeAgain(
  session: Session,
  of: Of,
  rows: readonly ParkedRow[],
  read: readonly (readonly InstanceInput[])[],
): Promise<{ taken: number; cause: string | null }> {
  // Inputs that arrive meanwhile wait: they must not queue behind rows that are on their way out.
  await session.query(`select pg_advisory_xact_lock(${PARKING_LOCK})`);
  const now = await session.query<ParkedRow>(SELECT, [of.saga, of.instance]);
  // Somebody else was at it since they were read: look again.
  if (rows.some(({ id }, index) => now.rows[index]?.id !== id)) return { taken: 0, cause: null };
  const unparking = instanceKey(of.saga, of.instance);
  await session.query('savepoint inputs');
  const all = await takeInputs(session, read.flat(), { unparking });
  const failed = all.parked[0];
  const place = failed === undefined ? -1 : read.findIndex((one) => one.includes(failed.input));
  if (failed === undefined || place === -1) {
    await remove(session, rows);
    return { taken: rows.length, cause: null };
  }
  await session.query('rollback to savepoint inputs');
  // Reactions are pure: those before it are the same once more.
  await takeInputs(session, read.slice(0, place).flat(), { unparking });
  await remove(session, rows.slice(0, place));
  await session.query('update saga.parked set cause = $2, attempts = attempts + 1 where id = $1', [
    rows[place]?.id,
    failed.cause.message,
  ]);
  return { taken: place, cause: failed.cause.message };
}

async function remove(session: Session, rows: readonly ParkedRow[]): Promise<void> {
  await session.query('delete from saga.parked where id = any ($1::bigint[])', [
    rows.map(({ id }) => id),
  ]);
}

/**
 * A parked input as it is taken. An event that can be decoded now may turn out to be another
 * instance's, or nobody's (then there is none).
 */
async function inputOf(
  eventStore: Pick<EventStore, 'readStreamRaw' | 'decode'>,
  saga: SagaDefinition,
  instance: string,
  parked: ParkedInput,
): Promise<readonly InstanceInput[]> {
  if (parked.kind === 'event') {
    const { stream, revision, ordinal } = parked;
    const [raw] = await eventStore.readStreamRaw(stream, { from: revision, max: 1 });
    if (raw === undefined) throw new RangeError(`${stream} has no event ${revision}`);
    const [decoded = new RangeError('it was not decoded')] = await eventStore.decode([raw]);
    return inputsOf(deliveredEvent(raw, decoded, ordinal), new Map([[raw.type, [saga]]]));
  }
  const { id, correlationId } = parked;
  const of = { saga, instance, reference: parked, origin: { id, correlationId, ordinal: null } };
  return parked.kind === 'timer'
    ? [{ ...of, input: { kind: 'timer', name: parked.name, dueAt: parked.dueAt } }]
    : [{ ...of, input: { kind: 'refused', ...parked.refusal } }];
}
