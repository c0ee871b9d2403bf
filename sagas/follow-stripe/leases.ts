import { type Host, machine } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import type { Database, Queryable } from '../../platform/postgres/index.ts';
import { timeLimits } from '../../platform/time-limits.ts';
import { MARGIN_MS } from '../_runtime/clock.ts';
import { LONGEST_PAUSE_MS } from '../_runtime/failures.ts';

/** Work on one object of Stripe's, by one worker at a time. */
export type ObjectLease = { readonly objectId: string; readonly fence: number };

/** Short, because it is renewed: a worker that was killed is replaced within this. */
export const LEASE_MS = timeLimits.leaseMs;
/** The same as SQL. */
export const LEASE = `${LEASE_MS} * interval '1 millisecond'`;

export class ObjectLeaseLostError extends Error {
  override readonly name = 'ObjectLeaseLostError';
}

/** Leases on those of the objects that nobody works on. */
export async function takeLeases(
  pool: Database,
  objectIds: readonly string[],
): Promise<ObjectLease[]> {
  const { rows } = await pool.query<ObjectLease>({
    name: 'take object leases',
    text: `insert into stripe.object_leases as held (object_id, fence, lease_until)
     select id, nextval('stripe.fences'), clock_timestamp() + ${LEASE}
       from unnest($1::text[]) as wanted(id) order by id
     on conflict (object_id) do update
        set fence = excluded.fence, lease_until = excluded.lease_until
      where held.lease_until <= clock_timestamp()
     returning object_id as "objectId", fence`,
    values: [objectIds],
  });
  return rows;
}

/** False: somebody else has it now. */
async function renewLease(pool: Database, lease: ObjectLease): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update stripe.object_leases set lease_until = clock_timestamp() + ${LEASE}
      where object_id = $1 and fence = $2`,
    [lease.objectId, lease.fence],
  );
  return rowCount === 1;
}

/** Gives a lease back. Inside the transaction that writes a result it is the fence: throws when it was lost. */
export async function endLease(session: Queryable, lease: ObjectLease): Promise<void> {
  const { rowCount } = await session.query(
    'delete from stripe.object_leases where object_id = $1 and fence = $2',
    [lease.objectId, lease.fence],
  );
  if (rowCount !== 1) throw new ObjectLeaseLostError(`${lease.objectId} was taken over`);
}

/** Runs work under a lease that is renewed meanwhile. The signal tells it that the lease was lost. */
export async function underLease<T>(
  {
    pool,
    log,
    host = machine,
  }: {
    readonly pool: Database;
    readonly log: Logger;
    readonly host?: Host | undefined;
  },
  lease: ObjectLease,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { objectId } = lease;
  const abort = new AbortController();
  const endRenewals = host.every(LEASE_MS / 3, () => {
    renewLease(pool, lease).then(
      (kept) => {
        if (!kept) abort.abort(new ObjectLeaseLostError(`${objectId} was taken over`));
      },
      // Should it run out, whoever takes over finds the object as it is.
      (error: unknown) => log.warn({ err: error, objectId }, 'a lease could not be renewed'),
    );
  });
  try {
    return await work(abort.signal);
  } finally {
    endRenewals();
  }
}

/**
 * Puts right what a database clock that was set back left in the future: no lease is longer than
 * `LEASE_MS`, no pause than the longest. Else a webhook, or the whole statement, whose worker was killed
 * would wait for as long as the clock went back. How many rows there were.
 */
export async function mendFuture(pool: Database): Promise<number> {
  const { rows } = await pool.query<{ mended: number }>(
    `with pauses as (
       update stripe.inbox set next_attempt_at = clock_timestamp()
        where status = 'pending' and next_attempt_at > clock_timestamp() + $1 * interval '1 millisecond'
       returning 1
     ), leases as (
       update stripe.object_leases set lease_until = clock_timestamp() + ${LEASE}
        where lease_until > clock_timestamp() + ${LEASE} + $2 * interval '1 millisecond' returning 1
     )
     select (select count(*) from pauses)::int + (select count(*) from leases)::int as mended`,
    [LONGEST_PAUSE_MS + MARGIN_MS, MARGIN_MS],
  );
  return rows[0]?.mended ?? 0;
}
