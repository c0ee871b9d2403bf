import { z } from 'zod';
import type { Database } from '../../platform/postgres/index.ts';
import { type Ask, PARKED } from './requests.ts';

const deadLetterSchema = z.strictObject({
  /** Of the outbox row, or `parked-` with the number of the first input that waits. */
  id: z.string(),
  kind: z.enum(['command', 'side-effect', 'parked']),
  saga: z.string(),
  instance: z.string(),
  /** The command, the side effect, or the input: an event type, `timer:…` or `refused:…`. */
  name: z.string(),
  cause: z.string(),
  attempts: z.int(),
  since: z.date(),
  /** Inputs that wait behind a parked one. */
  behind: z.int(),
});

/** What the sagas do not try any more by themselves, and why. */
export type DeadLetter = z.output<typeof deadLetterSchema>;

/** The oldest first. */
export async function listDead(pool: Database): Promise<readonly DeadLetter[]> {
  const { rows } = await pool.query(`
    select id::text, kind, saga, instance, name, coalesce(last_error, '') as cause, attempts,
           done_at as since, 0 as behind
      from saga.outbox where ended = 'dead'
    union all
    (select distinct on (saga, instance) 'parked-' || id, 'parked', saga, instance,
            case input ->> 'kind' when 'event' then input ->> 'type'
                                  when 'timer' then 'timer:' || (input ->> 'name')
                                  else 'refused:' || (input -> 'refusal' ->> 'command') end,
            coalesce(cause, 'waits behind an earlier input'), attempts, parked_at,
            (count(*) over (partition by saga, instance))::int - 1
       from saga.parked order by saga, instance, saga.parked.id)
    order by since, id`);
  return z.array(deadLetterSchema).parse(rows);
}

/** How its replay is asked for. */
export const replayOf = ({ id, kind, saga, instance }: DeadLetter): Ask => ({
  ...{ kind: 'replay', saga, instance },
  subject: kind === 'parked' ? PARKED : id,
});
