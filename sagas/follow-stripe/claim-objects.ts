import type { Database } from '../../platform/postgres/index.ts';
import { LEASE, type ObjectLease } from './leases.ts';

/** An object with webhooks that nobody has answered. */
export type Waiting = {
  readonly objectId: string;
  readonly objectType: string;
  /** The webhooks that one look answers: all that were there before it. */
  readonly eventIds: readonly string[];
  readonly attempts: number;
};

export type Claimed = Waiting & { readonly lease: ObjectLease };

/**
 * Takes leases on objects that wait and are due, the longest waiting first, and lists their webhooks.
 * One statement sees one moment, before the lease and so before the look: whatever it lists, the look
 * that follows answers. Another worker may have answered it just then; then this look is one too many,
 * and nothing follows from it.
 */
export async function claimObjects(pool: Database, limit: number): Promise<Claimed[]> {
  const { rows } = await pool.query<Waiting & { fence: number }>({
    name: 'claim objects',
    text: `with due as (
       select object_id from stripe.inbox
        where status = 'pending' and next_attempt_at <= clock_timestamp()
          and not exists (select 1 from stripe.object_leases l
                           where l.object_id = inbox.object_id and l.lease_until > clock_timestamp())
        group by object_id order by min(received_at), object_id limit $1
     ), taken as (
       insert into stripe.object_leases as held (object_id, fence, lease_until)
       select object_id, nextval('stripe.fences'), clock_timestamp() + ${LEASE} from due order by object_id
       on conflict (object_id) do update
          set fence = excluded.fence, lease_until = excluded.lease_until
        where held.lease_until <= clock_timestamp()
       returning object_id, fence
     )
     select t.object_id as "objectId", t.fence, w.*
       from taken t cross join lateral (
         select min(object_type) as "objectType", array_agg(event_id) as "eventIds",
                max(attempts) as attempts
           from stripe.inbox where object_id = t.object_id and status = 'pending') w`,
    values: [limit],
  });
  return rows.map(({ fence, ...waiting }) => ({
    ...waiting,
    lease: { objectId: waiting.objectId, fence },
  }));
}
