import { z } from 'zod';

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());
const attempt = z.object({
  attempt: z.int(),
  worker: z.string(),
  started_at: instant,
  ended_at: instant.nullable(),
  outcome: z.string().nullable(),
  error: z.string().nullable(),
});
const row = z.object({
  id: z.string(),
  kind: z.enum(['command', 'side-effect']),
  name: z.string(),
  status: z.enum(['pending', 'leased', 'done', 'dead', 'cancelled']),
  attempts: z.int(),
  next_attempt_at: instant,
  last_error: z.string().nullable(),
  created_at: instant,
  done_at: instant.nullable(),
  attemptLog: z.array(attempt),
});
const timer = z.object({
  name: z.string(),
  status: z.enum(['pending', 'fired', 'cancelled']),
  due_at: instant,
  updated_at: instant,
});
const parked = z.object({ cause: z.string().nullable(), parked_at: instant, input: z.unknown() });
const request = z.object({
  kind: z.enum(['poke', 'replay', 'cancel']),
  asked_by: z.string(),
  asked_at: instant,
});

/** An instance as `SagaInspector.explain` gives it: columns as they stand in the tables. */
export const explainedSchema = z.object({
  saga: z.string(),
  instance: z.string(),
  state: z.unknown(),
  revision: z.int().nullable(),
  lastInput: z.string().nullable(),
  updatedAt: instant.nullable(),
  timers: z.array(timer),
  outbox: z.array(row),
  parked: z.array(parked),
  requests: z.array(request),
});

export type Explained = z.output<typeof explainedSchema>;

export type Moment = { readonly at: string; readonly what: string; readonly wrong: boolean };

/** What an instance did and what was done for it, in the order of time; what is due stands last. */
export function timelineOf({
  timers,
  outbox,
  parked: held,
  requests,
}: Explained): readonly Moment[] {
  const moments = [
    ...outbox.flatMap(momentsOfRow),
    ...timers.flatMap((one) => momentsOfTimer(one)),
    ...held.map(({ parked_at: at, cause }) => ({
      at,
      what: `parked an input: ${cause ?? 'waits behind an earlier one'}`,
      wrong: true,
    })),
    ...requests.map(({ kind, asked_by: who, asked_at: at }) => ({
      at,
      what: `${who} asked to ${kind} it`,
      wrong: false,
    })),
  ];
  return moments.sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
}

function momentsOfRow(one: z.output<typeof row>): readonly Moment[] {
  const wish = `${one.kind} ${one.name}`;
  return [
    { at: one.created_at, what: `wanted the ${wish}`, wrong: false },
    ...one.attemptLog.map(({ attempt: n, ended_at, started_at, outcome, error }) => ({
      at: ended_at ?? started_at,
      what: `${wish}, attempt ${n}: ${outcome ?? 'runs, or its worker was killed'}${error === null ? '' : ` (${error})`}`,
      wrong: error !== null,
    })),
    ...(one.status === 'dead' && one.done_at !== null
      ? [{ at: one.done_at, what: `gave up on the ${wish}: ${one.last_error ?? ''}`, wrong: true }]
      : []),
    ...(one.status === 'cancelled' && one.done_at !== null
      ? [{ at: one.done_at, what: `called off the ${wish}`, wrong: false }]
      : []),
    ...(one.status === 'pending' && one.attempts > 0
      ? [{ at: one.next_attempt_at, what: `next attempt at the ${wish}`, wrong: false }]
      : []),
  ];
}

const momentsOfTimer = (one: z.output<typeof timer>): readonly Moment[] =>
  one.status === 'pending'
    ? [{ at: one.due_at, what: `timer ${one.name} is due`, wrong: false }]
    : [{ at: one.updated_at, what: `timer ${one.name}: ${one.status}`, wrong: false }];
