import { z } from 'zod';
import type { Pool } from '../../platform/postgres/index.ts';
import { WAKE_CHANNEL } from './schema.ts';

/** The subject of a replay of what is parked; otherwise it is the id of an outbox row. */
export const PARKED = 'parked';

/**
 * What an operator may ask of an instance:
 * - `poke`: try now what waits for its next attempt, and take parked inputs again. Timers stay.
 * - `replay`: a new round of attempts for a row that was given up, or parked inputs again.
 * - `cancel`: call off what waits, runs or was given up, timers too, and drop parked inputs.
 */
export type Ask = {
  readonly kind: 'poke' | 'replay' | 'cancel';
  readonly saga: string;
  readonly instance: string;
  /** Empty: the whole instance. */
  readonly subject: string;
};

/** What came of it. Zeros where there was nothing to do: asking twice does one thing. */
export const answerSchema = z.strictObject({
  /** Outbox rows that are tried again, or were called off. */
  rows: z.int(),
  /** Of those called off: were running. Whether they happened is for the log to say. */
  running: z.int(),
  /** Timers called off. */
  timers: z.int(),
  /** Parked inputs taken, or dropped. */
  inputs: z.int(),
  /** Parked inputs that still wait. */
  left: z.int(),
  /** Why they do; null: none does. */
  cause: z.string().nullable(),
});
export type Answer = z.output<typeof answerSchema>;

const progressSchema = z.object({
  id: z.int(),
  kind: z.enum(['poke', 'replay', 'cancel']),
  saga: z.string(),
  instance: z.string(),
  subject: z.string(),
  /** Null: nobody has done it yet. */
  answer: answerSchema.nullable(),
  trouble: z.string().nullable(),
});
export type Progress = z.output<typeof progressSchema>;

/**
 * Asks whatever process runs the sagas; it looks each second. Saved, so that it is done however
 * often that process is killed. The same thing asked again before it was done is the same request.
 * Their ids, in the order of `asked`.
 */
export async function askSagas(
  pool: Pool,
  asked: readonly Ask[],
  askedBy: string,
): Promise<readonly number[]> {
  const { rows } = await pool.query<{ id: number }>(
    `with asked as (
       select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
         with ordinality as a(kind, saga, instance, subject, place)
     ), saved as (
       insert into saga.requests as r (kind, saga, instance, subject, asked_by)
       select kind, saga, instance, subject, $5 from asked order by place
       on conflict (kind, saga, instance, subject) where answered_at is null
          do update set kind = r.kind
       returning id, kind, saga, instance, subject
     ), told as (select pg_notify('${WAKE_CHANNEL}', 'requests') from asked limit 1)
     select saved.id from asked join saved using (kind, saga, instance, subject)
       left join told on true order by place`,
    [
      asked.map(({ kind }) => kind),
      asked.map(({ saga }) => saga),
      asked.map(({ instance }) => instance),
      asked.map(({ subject }) => subject),
      askedBy,
    ],
  );
  return rows.map(({ id }) => id);
}

/** How far requests are, in the order of their ids. */
export async function requestProgress(
  pool: Pool,
  ids: readonly number[],
): Promise<readonly Progress[]> {
  const { rows } = await pool.query(
    `select id, kind, saga, instance, subject, answer, trouble from saga.requests
      where id = any ($1::bigint[]) order by id`,
    [ids],
  );
  return z.array(progressSchema).parse(rows);
}
