import { crossing } from '../../platform/crash-points/index.ts';
import type { Host } from '../../platform/host/index.ts';
import type { Database } from '../../platform/postgres/index.ts';
import { together } from '../../platform/together.ts';
import type { Followed } from './fold-object.ts';
import { type ObjectLease, ObjectLeaseLostError } from './leases.ts';

/** A look that is over. */
export type Look = {
  readonly lease: ObjectLease;
  /** The webhooks that it answers: all that were there before it. */
  readonly eventIds: readonly string[];
  readonly outcome: Followed;
};

/** Of each of them the lease is the fence, and without it nothing is changed. Those that were still ours. */
async function endLooks(pool: Database, looks: readonly Look[]): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ object_id: string }>({
    name: 'end objects',
    text: `with looks as (
       select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
                  as look(object_id, fence, status, reason)
     ), ended as (
       delete from stripe.object_leases l using looks
        where l.object_id = looks.object_id and l.fence = looks.fence
       returning l.object_id, looks.status, looks.reason
     ), answers as (
       select answered.event_id, ended.status, ended.reason
         from unnest($5::text[], $6::text[]) as answered(event_id, object_id) join ended using (object_id)
         join stripe.inbox i on i.event_id = answered.event_id and i.status = 'pending'
       union all
       -- A look answers what earlier ones were given up on, too.
       select i.event_id, ended.status, ended.reason
         from ended join stripe.inbox i on i.object_id = ended.object_id and i.status = 'dead'
     ), answered as (
       update stripe.inbox i set status = answers.status, reason = answers.reason,
              processed_at = clock_timestamp(), attempts = attempts + 1
         from answers where i.event_id = answers.event_id and i.status in ('pending', 'dead')
     )
     select object_id from ended`,
    values: [
      looks.map(({ lease }) => lease.objectId),
      looks.map(({ lease }) => lease.fence),
      looks.map(({ outcome }) => (outcome.kind === 'ignored' ? 'ignored' : 'processed')),
      looks.map(({ outcome }) => (outcome.kind === 'processed' ? null : outcome.reason)),
      looks.flatMap(({ eventIds }) => eventIds),
      looks.flatMap(({ lease, eventIds }) => eventIds.map(() => lease.objectId)),
    ],
  });
  return new Set(rows.map((row) => row.object_id));
}

/**
 * Ends looks, those together that come together. The promise rejects with `ObjectLeaseLostError` when
 * somebody else looks at the object now.
 */
export const createLookEnder = (
  pool: Database,
  host: Pick<Host, 'soon'>,
): ((look: Look) => Promise<true>) =>
  together<Look, true>(async (looks) => {
    const ended = await crossing('inbox.end-object', () => endLooks(pool, looks));
    return looks.map(({ lease: { objectId } }) =>
      ended.has(objectId) ? true : new ObjectLeaseLostError(`${objectId} was taken over`),
    );
  }, host.soon);
