import type { Database } from '../../platform/postgres/index.ts';
import type { Session } from './inputs.ts';

/** A row somebody works on, under a lease. */
export type LeasedRow = {
  readonly id: string;
  readonly saga: string;
  readonly instance: string;
  readonly kind: 'command' | 'side-effect';
  readonly name: string;
  readonly key: string;
  readonly payload: unknown;
  /** 1 for the first. */
  readonly attempt: number;
  /** Attempts before this round: a replay begins a new one. */
  readonly attemptsBefore: number;
  readonly fence: number;
  readonly causeId: string;
  readonly correlationId: string;
};

/** Somebody else has taken the row over: this worker's result does not count. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/**
 * Takes rows: due ones, and those whose worker has not renewed its lease. The earliest of each lane
 * only, so that the rows of a lane are done one after the other. Open rows are gone through in their
 * order until there are enough, and the head of a lane is one look into its index: a subquery with a
 * limit, which Postgres cannot turn into a join. As an anti-join it was a pass over all open rows for
 * each of them, and as one pass for all it read a queue of a thousand rows to take the first ten.
 */
export async function claimRows(
  pool: Database,
  options: {
    kind: LeasedRow['kind'];
    /** Null: any. */
    names: readonly string[] | null;
    limit: number;
    leaseMs: number;
    worker: string;
    /**
     * Rows that this process works on: not to be taken, though their leases seem over. The clock of
     * the database may have been set forward between two renewals.
     */
    busy: readonly string[];
  },
): Promise<LeasedRow[]> {
  const { kind, names, limit, leaseMs, worker, busy } = options;
  const { rows } = await pool.query<LeasedRow>({
    name: 'take rows',
    text: `with free as (
       select o.seq from saga.outbox o
        where o.kind = $1 and o.ended is null and ($2::text[] is null or o.name = any ($2))
          and ((o.status = 'pending' and o.next_attempt_at <= clock_timestamp())
            or (o.status = 'leased' and o.lease_until <= clock_timestamp()))
          and o.id <> all ($6::uuid[])
          and o.seq = (
            select e.seq from saga.outbox e
             where e.saga = o.saga and e.instance = o.instance and e.lane = o.lane and e.ended is null
             order by e.seq limit 1)
        order by o.seq limit $3 for update of o skip locked
     ), taken as (
       update saga.outbox o
          set status = 'leased', attempts = o.attempts + 1, fence = nextval('saga.fences'),
              lease_until = clock_timestamp() + $4 * interval '1 millisecond'
         from free where o.seq = free.seq
       returning o.seq, o.id, o.saga, o.instance, o.kind, o.name, o.key, o.payload,
                 o.attempts as attempt, o.attempts_before as "attemptsBefore", o.fence, o.cause_event_id as "causeId",
                 o.correlation_id as "correlationId"
     ), logged as (
       insert into saga.outbox_attempts (outbox_id, attempt, fence, worker)
       select id, attempt, fence, $5 from taken
     )
     select * from taken order by seq`,
    values: [kind, names, limit, leaseMs, worker, busy],
  });
  return rows;
}

/** Has rows that pause after a failure tried now. */
export async function bringForward(pool: Database, ids: readonly string[]): Promise<void> {
  await pool.query(
    `update saga.outbox set next_attempt_at = clock_timestamp()
      where id = any ($1::uuid[]) and status = 'pending' and next_attempt_at > clock_timestamp()`,
    [ids],
  );
}

/** Milliseconds until a row may be taken; null: nothing waits. */
export async function untilNextRow(
  pool: Database,
  kind: LeasedRow['kind'],
  names: readonly string[] | null,
): Promise<number | null> {
  const { rows } = await pool.query<{ ms: number | null }>({
    name: 'next row',
    text: `select ceil(extract(epoch from min(at) - clock_timestamp()) * 1000)::int as ms from (
       select case status when 'leased' then lease_until else next_attempt_at end as at
         from saga.outbox
        where kind = $1 and ended is null and ($2::text[] is null or name = any ($2))
          and (status = 'leased' or next_attempt_at > clock_timestamp())) as waiting`,
    values: [kind, names],
  });
  return rows[0]?.ms ?? null;
}

/** Renews leases; the ids it gives back are still ours. */
export async function renewLeases(
  pool: Database,
  rows: readonly LeasedRow[],
  leaseMs: number,
): Promise<ReadonlySet<string>> {
  const renewed = await pool.query<{ id: string }>({
    name: 'renew leases',
    text: `update saga.outbox o set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
       from unnest($1::uuid[], $2::bigint[]) as mine(id, fence)
      where o.id = mine.id and o.fence = mine.fence and o.status = 'leased' returning o.id`,
    values: [rows.map((row) => row.id), rows.map((row) => row.fence), leaseMs],
  });
  return new Set(renewed.rows.map((row) => row.id));
}

/** Ends rows whose work is done; the ids it gives back were still ours. */
export async function endDone(
  pool: Database,
  rows: readonly LeasedRow[],
): Promise<ReadonlySet<string>> {
  const ended = await pool.query<{ id: string }>({
    name: 'end rows',
    text: `with ended as (
       update saga.outbox o
          set status = 'done', lease_until = null, done_at = clock_timestamp()
         from unnest($1::uuid[], $2::bigint[]) as mine(id, fence)
        where o.id = mine.id and o.fence = mine.fence and o.status = 'leased'
       returning o.id, o.fence
     )
     update saga.outbox_attempts a set ended_at = clock_timestamp(), outcome = 'done'
       from ended where a.outbox_id = ended.id and a.fence = ended.fence
     returning ended.id`,
    values: [rows.map((row) => row.id), rows.map((row) => row.fence)],
  });
  return new Set(ended.rows.map((row) => row.id));
}

type End =
  | { readonly status: 'done'; readonly outcome: string }
  | { readonly status: 'dead'; readonly outcome: string; readonly error: string }
  | {
      readonly status: 'pending';
      readonly outcome: string;
      readonly error: string;
      readonly pauseMs: number;
    };

/** Writes how an attempt ended. Throws `LeaseLostError` when the row is not this worker's any more. */
export async function endAttempt(session: Session, row: LeasedRow, end: End): Promise<void> {
  const error = 'error' in end ? end.error : null;
  const pause = end.status === 'pending' ? end.pauseMs : 0;
  const { rowCount } = await session.query({
    name: 'end attempt',
    text: `with ended as (
       update saga.outbox
          set status = $3, lease_until = null, last_error = coalesce($5, last_error),
              next_attempt_at = clock_timestamp() + $6 * interval '1 millisecond',
              done_at = case when $3 = 'pending' then null else clock_timestamp() end
        where id = $1 and fence = $2 and status = 'leased' returning id
     )
     update saga.outbox_attempts a set ended_at = clock_timestamp(), outcome = $4, error = $5
       from ended where a.outbox_id = ended.id and a.fence = $2`,
    values: [row.id, row.fence, end.status, end.outcome, error, pause],
  });
  if (rowCount !== 1) {
    throw new LeaseLostError(`${row.name} of ${row.instance} was taken over by another worker`);
  }
}
