import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CommandRefused, InvalidInput, OutcomeUnknown } from '../../commands/_runtime/errors.ts';
import type { CommandRequest } from '../../commands/_runtime/index.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import { ticketEvents } from '../../domain/ticket/events.ts';
import type { EventStore, FeedItem, RawEvent } from '../../platform/event-store/index.ts';
import { machine } from '../../platform/host/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool, transaction } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import {
  defineSaga,
  type Reaction,
  type SagaBus,
  type SagaDefinition,
  type SagaInput,
  type Sagas,
  type SagaTuning,
  type SideEffectHandler,
  startSagas,
} from './index.ts';
import { claimRows, endAttempt, LeaseLostError } from './outbox-rows.ts';
import { type Answer, type Ask, askSagas, PARKED, requestProgress } from './requests.ts';
import { delivered } from './spec-kit.ts';
import { startTimers } from './timers.ts';

const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' });
let database: TestDatabase;
let pool: Pool;
const running: Sagas[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((sagas) => sagas.stop()));
  await pool.query('drop schema saga cascade; drop function if exists refuse');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** A log of tickets that a spec writes: decoded events as the store would deliver them. */
function logOfTickets() {
  const events: ReturnType<typeof ticket>[] = [];
  const wakes = new Set<() => void>();
  const poison = new Set<string>();
  let away = false;
  const asRaw = (event: (typeof events)[number]): RawEvent => ({ ...event, created: new Date() });
  const eventStore: EventStore = {
    append: () => Promise.reject(new Error('nobody appends here')),
    readStreamRaw: async (stream, { from = 0 } = {}) => {
      if (away) throw new Error('the log is away');
      return events
        .filter((event) => event.stream === stream && event.revision === from)
        .map(asRaw);
    },
    readStream: () => Promise.reject(new Error('nobody reads this')),
    decode: async (raws) =>
      raws.map((raw) => {
        const found = events.find((event) => event.id === raw.id);
        if (found === undefined || poison.has(raw.id)) return new Error('does not fit its schema');
        return found;
      }),
    feed: (from) => {
      let next = Number(from ?? 0n);
      let closed: ((error: Error) => void) | undefined;
      let caughtUp = false;
      return {
        take: async (max) => {
          for (;;) {
            const items: FeedItem[] = events
              .slice(next, next + max)
              .map((event) => ({ kind: 'event', event: asRaw(event) }));
            next += items.length;
            if (items.length > 0) return items;
            if (!caughtUp) {
              caughtUp = true;
              return [{ kind: 'caught-up' }];
            }
            await new Promise<void>((resolve, reject) => {
              wakes.add(resolve);
              closed = reject;
            });
          }
        },
        close: () => closed?.(new Error('closed')),
      };
    },
    logId: async () => 'ins_spec',
    idAt: async (position) =>
      events.find((event) => BigInt(event.position) === position)?.id ?? null,
    head: async () => BigInt(events.length),
    ready: async () => undefined,
    dispose: async () => undefined,
  };
  return {
    eventStore,
    poison,
    /** Whether single events can be read again. */
    away: (now: boolean) => {
      away = now;
    },
    /** Writes events about tickets: the next positions of the log. */
    write: (...names: string[]) => {
      const written = names.map((name) => ticket(name, events.length + 1, events));
      for (const wake of wakes) wake();
      wakes.clear();
      return written;
    },
  };
}

const idOf = (name: string) => deriveId('tkt', name);

function ticket(name: string, position: number, into: object[]) {
  const event = {
    ...delivered(
      {
        type: 'TicketIssued' as const,
        data: {
          ticketId: idOf(name),
          enrollmentId: deriveId('enr', name),
          activityId: deriveId('act', name),
          memberId: deriveId('mem', name),
        },
      },
      undefined,
      position,
    ),
    revision: position,
    position: BigInt(position),
  };
  into.push(event);
  return event;
}

type State = { readonly seen: readonly string[] };
type React = (
  input: SagaInput<{ readonly ordinal: number }>,
  state: State,
) => Reaction<State>['effects'];

/** A saga of tickets that notes its inputs; what it wants is the spec's. */
function noting(react: React, name = 'noting'): SagaDefinition<State> {
  return defineSaga({
    name,
    summary: 'Notes what it is told.',
    events: [ticketEvents],
    listens: ['TicketIssued'],
    instanceOf: (event) => event.data.ticketId,
    initial: { seen: [] } as State,
    react: (state, input) => ({
      state: {
        seen: [...state.seen, input.kind === 'event' ? `${input.event.ordinal}` : input.kind],
      },
      effects: react(input, state),
    }),
  }) as SagaDefinition<State>;
}

type Executed = { readonly name: string; readonly body: unknown; readonly request: CommandRequest };

/** A bus that notes what it is told to execute; `how` may wait, refuse or fail. */
function notingBus(how: (executed: Executed) => Promise<void> = async () => undefined) {
  const executed: Executed[] = [];
  const bus: SagaBus = {
    execute: async (name, { body }, request) => {
      const entry = { name, body, request };
      executed.push(entry);
      await how(entry);
      return { reply: {}, replayed: false, revision: 0, position: null };
    },
  };
  return { bus, executed, names: () => executed.map(({ name }) => name) };
}

async function start(
  eventStore: EventStore,
  definitions: readonly SagaDefinition<State>[],
  options: {
    bus?: SagaBus;
    effects?: Readonly<Record<string, SideEffectHandler>>;
    tuning?: Partial<SagaTuning>;
    clock?: () => number;
  } = {},
): Promise<Sagas> {
  const sagas = await startSagas({
    eventStore,
    definitions: definitions as readonly SagaDefinition[],
    url: database.url,
    bus: options.bus ?? notingBus().bus,
    effects: options.effects ?? {},
    log,
    ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
    ...(options.clock === undefined ? {} : { host: { ...machine, now: options.clock } }),
  });
  running.push(sagas);
  return sagas;
}

const command = (name: string, body: unknown = {}) =>
  ({ kind: 'command', command: name, params: {}, body }) as const;
const onEvents =
  (...effects: ReturnType<React>): React =>
  (input) =>
    input.kind === 'event' ? effects : [];
const until = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 10_000, interval: 10 });
const seenBy = async (sagas: Sagas, name: string): Promise<readonly string[]> =>
  ((await sagas.inspect.explain('noting', idOf(name)))?.['state'] as State | null)?.seen ?? [];
const request = (kind: Ask['kind'], name: string, subject = ''): Ask => ({
  ...{ kind, subject, saga: 'noting', instance: idOf(name) },
});
const answerTo = (ids: readonly number[]): Promise<Answer> =>
  until(async () => {
    const answer = (await requestProgress(pool, ids))[0]?.answer ?? null;
    if (answer === null) throw new Error('not answered yet');
    return answer;
  });
/** Asks as an operator does, from outside of the process. */
const ask = async (...asked: Parameters<typeof request>): Promise<Answer> =>
  answerTo(await askSagas(pool, [request(...asked)], 'spec'));
const stopped = async (sagas: Sagas): Promise<void> => {
  running.splice(running.indexOf(sagas), 1);
  await sagas.stop();
};

describe('what follows from an event', () => {
  it('is saved with the checkpoint in one transaction, or not at all', async () => {
    const tickets = logOfTickets();
    const first = await start(tickets.eventStore, []);
    await stopped(first);
    await pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
      create trigger refuse before insert on saga.outbox execute function refuse()`);
    tickets.write('a', 'b');
    const { bus, names } = notingBus();
    const sagas = await start(tickets.eventStore, [noting(onEvents(command('issue')))], { bus });
    await until(() => expect(sagas.consumer.health().trouble).toMatch(/no/));
    const rows = await pool.query(
      'select 1 from saga.instances union all select 1 from saga.checkpoints',
    );
    expect(rows.rowCount).toBe(0);
    await pool.query('drop trigger refuse on saga.outbox');
    await until(() => expect(names()).toEqual(['issue', 'issue']));
    expect(await seenBy(sagas, 'a')).toEqual(['1']);
    expect(await seenBy(sagas, 'b')).toEqual(['2']);
  });

  it('is done after a restart by the same command id, and is not wanted again', async () => {
    const tickets = logOfTickets();
    const cut = notingBus(() => Promise.reject(new OutcomeUnknown('cut')));
    const saga = noting(onEvents(command('issue')));
    const first = await start(tickets.eventStore, [saga], { bus: cut.bus });
    const [event] = tickets.write('a');
    await until(() => expect(cut.names()).toContain('issue'));
    await stopped(first);
    const { bus, executed } = notingBus();
    const second = await start(tickets.eventStore, [saga], { bus });
    await until(() => expect(executed).toHaveLength(1));
    expect(executed[0]?.request.commandId).toBe(cut.executed[0]?.request.commandId);
    expect(executed[0]?.request).toMatchObject({
      principal: { kind: 'saga', id: 'noting' },
      causationId: event?.id,
      correlationId: event?.metadata.$correlationId,
    });
    expect(await seenBy(second, 'a')).toEqual(['1']);
  });

  it('is reacted to in one process at a time; another takes over when it goes', async () => {
    const tickets = logOfTickets();
    const saga = noting(() => []);
    const first = await start(tickets.eventStore, [saga]);
    await until(async () => expect((await first.health()).leads).toBe(true));
    const second = await start(tickets.eventStore, [saga]);
    // It has tried, and stands by; or it leads, too.
    await until(async () => {
      const standing = await pool.query(
        `select 1 from pg_stat_activity where datname = current_database()
            and application_name = 'pawprint sagas' and query like '%pg_advisory_unlock_all%'`,
      );
      expect(standing.rowCount === 1 || (await second.health()).leads).toBe(true);
    });
    tickets.write('a');
    await until(async () => expect(await seenBy(first, 'a')).toEqual(['1']));
    expect((await second.health()).leads).toBe(false);
    await stopped(first);
    tickets.write('b');
    await until(async () => expect(await seenBy(second, 'b')).toEqual(['2']));
    expect(await seenBy(second, 'a')).toEqual(['1']);
  });
});

describe('commands of a saga', () => {
  it('are sent one after the other in an instance, side by side across instances', async () => {
    const tickets = logOfTickets();
    const done: string[] = [];
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { bus, executed } = notingBus(async ({ name, body }) => {
      if (name === 'first' && body === 'a') await gate;
      done.push(`${name} ${String(body)}`);
    });
    const saga = noting((input) => {
      const body = input.kind === 'event' && input.event.ordinal === 1 ? 'a' : 'b';
      return [command('first', body), command('second', body)];
    });
    await start(tickets.eventStore, [saga], { bus });
    tickets.write('a', 'b');
    await until(() => expect(done).toEqual(['first b', 'second b']));
    expect(executed.map(({ name, body }) => `${name} ${String(body)}`)).not.toContain('second a');
    open();
    await until(() => expect(done.slice(2)).toEqual(['first a', 'second a']));
  });

  it('keep their order while one of them is tried again', async () => {
    const tickets = logOfTickets();
    let failures = 2;
    const { bus, names } = notingBus(async ({ name }) => {
      if (name === 'first' && failures-- > 0) throw new OutcomeUnknown('cut');
    });
    await start(tickets.eventStore, [noting(onEvents(command('first'), command('second')))], {
      bus,
    });
    tickets.write('a');
    await until(() => expect(names()).toEqual(['first', 'first', 'first', 'second']));
  });

  it('that are refused come back to the saga, once, with what was asked', async () => {
    const tickets = logOfTickets();
    const { bus, names } = notingBus(async ({ name }) => {
      if (name === 'ask') throw new CommandRefused(rejected('sold-out', 'No seat is left.'));
    });
    const heard: SagaInput<unknown>[] = [];
    const saga = noting((input) => {
      if (input.kind === 'event') return [command('ask', { seats: 2 })];
      heard.push(input);
      return [command('give-up')];
    });
    const sagas = await start(tickets.eventStore, [saga], { bus });
    tickets.write('a');
    await until(() => expect(names()).toEqual(['ask', 'give-up']));
    expect(await seenBy(sagas, 'a')).toEqual(['1', 'refused']);
    expect(heard).toEqual([
      {
        kind: 'refused',
        command: 'ask',
        params: {},
        body: { seats: 2 },
        rejection: rejected('sold-out', 'No seat is left.'),
      },
    ]);
    // The bus has heard the command a moment before its row is done.
    await expect
      .poll(() => sagas.inspect.stats())
      .toMatchObject({ dead: 0, waiting: { commands: 0 } });
  });

  it('are never given up on because of an outage, but at once when they can never work', async () => {
    const tickets = logOfTickets();
    let outage = true;
    const { bus, names } = notingBus(async ({ name }) => {
      if (name === 'senseless') throw new InvalidInput([]);
      if (outage) throw new OutcomeUnknown('cut');
    });
    const saga = noting((input) =>
      input.kind === 'event' ? [command(input.event.ordinal === 1 ? 'patient' : 'senseless')] : [],
    );
    const sagas = await start(tickets.eventStore, [saga], { bus, tuning: { maxAttempts: 1 } });
    tickets.write('a', 'b');
    await until(() =>
      expect(names().filter((name) => name === 'patient').length).toBeGreaterThan(2),
    );
    outage = false;
    await until(async () =>
      expect(await sagas.inspect.stats()).toMatchObject({ dead: 1, waiting: { commands: 0 } }),
    );
    expect(names().filter((name) => name === 'senseless')).toHaveLength(1);
    const [troubled, ...others] = await sagas.inspect.list({ status: 'stuck' });
    expect(troubled).toMatchObject({ instance: idOf('b'), dead: 1 });
    expect(others).toEqual([]);
  });

  it('go on together when an outage ends, however many have paused for long', async () => {
    const tickets = logOfTickets();
    const waiting = 8;
    let away = true;
    const { bus, names } = notingBus(async () => {
      if (away) throw new OutcomeUnknown('cut');
    });
    const sagas = await start(tickets.eventStore, [noting(onEvents(command('patient')))], { bus });
    tickets.write(...Array.from({ length: waiting }, (_, n) => `row ${n}`));
    await until(() => expect(names().length).toBeGreaterThanOrEqual(waiting));
    // As of many in a long outage: all but one pause for long.
    await until(async () => {
      const paused = await pool.query(
        `update saga.outbox set next_attempt_at = clock_timestamp() + interval '14 seconds'
          where status = 'pending' and seq > (select min(seq) from saga.outbox) returning 1`,
      );
      expect(paused.rowCount).toBe(waiting - 1);
    });
    away = false;
    await until(async () =>
      expect(await sagas.inspect.stats()).toMatchObject({ dead: 0, waiting: { commands: 0 } }),
    );
  });
});

describe('side effects', () => {
  const effect = (key: string) =>
    ({ kind: 'side-effect', effect: 'ring', key, payload: { key } }) as const;

  it('are done once per key, whoever wants them', async () => {
    const tickets = logOfTickets();
    const rung: string[] = [];
    const effects = { ring: async ({ key }: { key: string }) => void rung.push(key) };
    const definitions = [
      noting(onEvents(effect('bell'), effect('bell'))),
      noting(onEvents(effect('bell'), effect('gong')), 'another'),
    ];
    const sagas = await start(tickets.eventStore, definitions, { effects });
    tickets.write('a', 'b');
    await until(() => expect(rung).toContain('gong'));
    await until(async () =>
      expect(await sagas.inspect.stats()).toMatchObject({ waiting: { sideEffects: 0 } }),
    );
    expect(rung.toSorted()).toEqual(['bell', 'gong']);
  });

  it('are given up on after a number of attempts, for somebody to see, retry or cancel', async () => {
    const tickets = logOfTickets();
    let broken = true;
    let attempts = 0;
    const effects = {
      ring: async () => {
        attempts += 1;
        if (broken) throw new Error('the bell is broken');
      },
    };
    const saga = noting(onEvents(effect('bell')));
    const sagas = await start(tickets.eventStore, [saga], { effects, tuning: { maxAttempts: 2 } });
    tickets.write('a');
    await until(async () => expect((await sagas.inspect.stats()).dead).toBe(1));
    expect(attempts).toBe(2);
    const explained = await sagas.inspect.explain('noting', idOf('a'));
    const [row] = (explained?.['outbox'] ?? []) as {
      id: string;
      last_error: string;
      attemptLog: unknown[];
    }[];
    expect(row?.last_error).toBe('Error: the bell is broken');
    expect(row?.attemptLog).toMatchObject([{ outcome: 'unexpected' }, { outcome: 'dead' }]);
    const [letter] = await sagas.inspect.dead();
    expect(letter).toMatchObject({ id: row?.id, cause: 'Error: the bell is broken', attempts: 2 });
    // A whole round of attempts again, not only one.
    await ask('replay', 'a', row?.id);
    await until(async () => expect((await sagas.inspect.dead())[0]?.attempts).toBe(4));
    broken = false;
    // Whether they are one request or two is a race; they do one thing.
    for (const who of ['one', 'another']) {
      await askSagas(pool, [request('replay', 'a', row?.id)], who);
    }
    await until(() => expect(attempts).toBe(5));
    await until(async () => expect((await sagas.inspect.stats()).dead).toBe(0));
    expect(await ask('replay', 'a', row?.id)).toMatchObject({ rows: 0 });
    expect(await ask('cancel', 'a')).toMatchObject({ rows: 0, timers: 0, inputs: 0 });
    expect(attempts).toBe(5);
    await stopped(sagas);
    const ids = await askSagas(pool, [request('poke', 'a')], 'one');
    expect(await askSagas(pool, [request('poke', 'a')], 'another')).toEqual(ids);
  });

  it('are taken over when their worker is silent, whose result is then refused', async () => {
    const tickets = logOfTickets();
    const sagas = await start(tickets.eventStore, [noting(onEvents(effect('bell')))]);
    // Nobody of this process does it: the rows are taken by hand, as two processes would.
    tickets.write('a');
    await until(async () => expect((await sagas.inspect.stats()).waiting.sideEffects).toBe(1));
    const claim = (worker: string, leaseMs: number) =>
      claimRows(pool, {
        kind: 'side-effect',
        names: ['ring'],
        limit: 10,
        leaseMs,
        worker,
        busy: [],
      });
    const [silent] = await claim('silent', 50);
    if (silent === undefined) throw new Error('nothing to claim');
    expect(silent).toMatchObject({ attempt: 1, key: 'bell' });
    const next = await until(async () => {
      const [row] = await claim('next', 10_000);
      if (row === undefined) throw new Error('the lease is still held');
      return row;
    });
    expect(next).toMatchObject({ id: silent.id, attempt: 2 });
    expect(next.fence).toBeGreaterThan(silent.fence);
    await expect(endAttempt(pool, silent, { status: 'done', outcome: 'done' })).rejects.toThrow(
      LeaseLostError,
    );
    await endAttempt(pool, next, { status: 'done', outcome: 'done' });
    expect((await sagas.inspect.stats()).waiting.sideEffects).toBe(0);
  });

  it('have their leases renewed while they run', async () => {
    const tickets = logOfTickets();
    let runs = 0;
    let end = (): void => undefined;
    const long = new Promise<void>((resolve) => {
      end = resolve;
    });
    const effects = {
      ring: async () => {
        runs += 1;
        await long;
      },
    };
    const saga = noting(onEvents(effect('bell')));
    const tuning = { leaseMs: 300 };
    const first = await start(tickets.eventStore, [saga], { effects, tuning });
    await start(tickets.eventStore, [saga], { effects, tuning });
    tickets.write('a');
    await until(() => expect(runs).toBe(1));
    const leaseOf = async () =>
      (await pool.query<{ lease_until: Date }>('select lease_until from saga.outbox')).rows[0]
        ?.lease_until;
    const before = await leaseOf();
    // Long past the first lease: another worker would have taken it.
    await until(async () =>
      expect(Number(await leaseOf()) - Number(before)).toBeGreaterThan(3 * tuning.leaseMs),
    );
    expect(runs).toBe(1);
    end();
    await until(async () => expect((await first.inspect.stats()).waiting.sideEffects).toBe(0));
  });
});

describe('the clock of the database', () => {
  const ring = (key: string) =>
    ({ kind: 'side-effect', effect: 'ring', key, payload: {} }) as const;
  const ringing = noting((input) =>
    input.kind === 'event' ? [ring(`bell ${input.event.ordinal}`)] : [],
  );

  it('set forward two hours lets nothing that runs be begun a second time', async () => {
    const tickets = logOfTickets();
    const gate = Promise.withResolvers<void>();
    const rung: string[] = [];
    const effects = {
      ring: async ({ key }: { key: string }) => {
        rung.push(key);
        if (key === 'bell 1') await gate.promise;
      },
    };
    const sagas = await start(tickets.eventStore, [ringing], { effects });
    tickets.write('a');
    await until(() => expect(rung).toEqual(['bell 1']));
    await pool.query(`update saga.outbox set lease_until = lease_until - interval '2 hours'`);
    // The row that seems free stands before this one.
    tickets.write('b');
    await until(() => expect(rung).toContain('bell 2'));
    gate.resolve();
    await until(async () => expect((await sagas.inspect.stats()).waiting.sideEffects).toBe(0));
    expect(rung).toEqual(['bell 1', 'bell 2']);
  });

  it('set back a day lets nothing wait for a day: no pause, and no lease of a killed worker', async () => {
    const tickets = logOfTickets();
    const first = await start(tickets.eventStore, [ringing]);
    tickets.write('a', 'b');
    await until(async () => expect((await first.inspect.stats()).waiting.sideEffects).toBe(2));
    await stopped(first);
    await pool.query(
      `update saga.outbox set next_attempt_at = now() + interval '1 day' where key = 'bell 1';
       update saga.outbox set status = 'leased', fence = 0, lease_until = now() + interval '1 day'
        where key = 'bell 2'`,
    );
    const rung: string[] = [];
    const effects = { ring: async ({ key }: { key: string }) => void rung.push(key) };
    const tuning = { leaseMs: 200 };
    await start(tickets.eventStore, [ringing], { effects, tuning });
    await until(() => expect(rung.toSorted()).toEqual(['bell 1', 'bell 2']));
  });
});

describe('an instance that is called off', () => {
  it('does nothing more of what it waited with; later events move it as ever', async () => {
    const tickets = logOfTickets();
    const started = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { bus, executed } = notingBus(async ({ body }) => {
      if (body !== 1) return;
      started.resolve();
      await gate.promise;
      throw new CommandRefused(rejected('sold-out', 'Too late: nobody asks any more.'));
    });
    const saga = noting((input) =>
      input.kind === 'event'
        ? [
            command('ask', input.event.ordinal),
            command('then', input.event.ordinal),
            { kind: 'timer', name: `t${input.event.ordinal}`, at: '2099-05-01T12:00:00.000Z' },
          ]
        : [],
    );
    const sagas = await start(tickets.eventStore, [saga], { bus });
    tickets.write('a');
    await started.promise;
    expect((await sagas.inspect.list())[0]).toMatchObject({
      ...{ status: 'working', stuckSince: null, nextTimer: new Date('2099-05-01T12:00:00.000Z') },
    });
    expect(await ask('cancel', 'a')).toMatchObject({ rows: 2, running: 1, timers: 1 });
    gate.resolve();
    tickets.write('a');
    await until(() => expect(executed.map(({ body }) => body)).toEqual([1, 2, 2]));
    expect(await seenBy(sagas, 'a')).toEqual(['1', '2']);
    expect(await sagas.inspect.stats()).toMatchObject({ dead: 0, timers: 1 });
  });

  it('is stuck since the moment that something should have happened, a minute later', async () => {
    const tickets = logOfTickets();
    const saga = noting(onEvents({ kind: 'side-effect', effect: 'ring', key: 'k', payload: {} }));
    const sagas = await start(tickets.eventStore, [saga]);
    tickets.write('a');
    // Nobody of this process does it.
    await until(async () => expect((await sagas.inspect.list())[0]?.status).toBe('working'));
    const wanted = await pool.query<{ at: Date }>(
      `update saga.outbox set created_at = now() - interval '61 seconds' returning created_at as at`,
    );
    expect(await sagas.inspect.list({ status: 'stuck' })).toMatchObject([
      { instance: idOf('a'), stuckSince: wanted.rows[0]?.at },
    ]);
    await ask('cancel', 'a');
    expect((await sagas.inspect.list())[0]).toMatchObject({ status: 'settled', stuckSince: null });
    await pool.query(
      `insert into saga.timers (id, saga, instance, name, due_at, status, correlation_id)
       values (gen_random_uuid(), 'of-another-release', 'x', 't', now() - interval '59 seconds', 'pending', 'c');
       insert into saga.instances (saga, instance, state, revision, last_input)
       values ('of-another-release', 'x', '{}', 1, 'y')`,
    );
    expect(await sagas.inspect.list({ instance: 'x' })).toMatchObject([{ status: 'waiting' }]);
    await pool.query(`update saga.timers set due_at = due_at - interval '2 seconds'`);
    expect(await sagas.inspect.list({ instance: 'x' })).toMatchObject([{ status: 'stuck' }]);
  });
});

describe('timers', () => {
  const at = (ms: number) => new Date(ms).toISOString();
  const noon = Date.parse('2099-05-01T12:00:00Z');
  const remind = (name: string, ms: number) => ({ kind: 'timer', name, at: at(ms) }) as const;

  it('fire once, however the clock jumps, and none is forgotten', async () => {
    const tickets = logOfTickets();
    const hour = 3_600_000;
    let now = noon;
    const sagas = await start(
      tickets.eventStore,
      [noting(onEvents(remind('soon', noon + 1000), remind('later', noon + 2 * hour)))],
      { clock: () => now },
    );
    const timersLeft = (left: number) =>
      until(async () => expect((await sagas.inspect.stats()).timers).toBe(left));
    tickets.write('a');
    await timersLeft(2);
    // Two hours on, a moment short of the second timer; then two hours and a day back.
    now = noon + 2 * hour - 1;
    await timersLeft(1);
    now = noon - 24 * hour;
    tickets.write('b');
    await timersLeft(3);
    expect(await seenBy(sagas, 'a')).toEqual(['1', 'timer']);
    now = noon;
    tickets.write('c');
    await timersLeft(5);
    now = noon + 2 * hour;
    await timersLeft(0);
    expect(await seenBy(sagas, 'a')).toEqual(['1', 'timer', 'timer']);
    expect(await seenBy(sagas, 'b')).toEqual(['2', 'timer', 'timer']);
    expect(await seenBy(sagas, 'c')).toEqual(['3', 'timer', 'timer']);
  });

  it('are moved by setting them again, and called off', async () => {
    const tickets = logOfTickets();
    let now = noon;
    const saga = noting((input) => {
      if (input.kind !== 'event') return [];
      if (input.event.ordinal === 1) return [remind('x', noon + 1000), remind('y', noon + 1000)];
      return [remind('x', noon + 5000), { kind: 'cancel-timer', name: 'y' }];
    });
    const sagas = await start(tickets.eventStore, [saga], { clock: () => now });
    tickets.write('a');
    // Saved, so that they are moved and called off where they stand.
    await until(async () => expect((await sagas.inspect.stats()).timers).toBe(2));
    tickets.write('a');
    await until(async () => expect(await seenBy(sagas, 'a')).toEqual(['1', '2']));
    expect((await sagas.inspect.stats()).timers).toBe(1);
    now = noon + 5000;
    await until(async () => expect(await seenBy(sagas, 'a')).toEqual(['1', '2', 'timer']));
  });

  it('fire once when several processes look at the same moment', async () => {
    const tickets = logOfTickets();
    let now = noon;
    const saga = noting(onEvents(remind('x', noon + 1)));
    const sagas = await start(tickets.eventStore, [saga], { clock: () => noon - 1 });
    const names = Array.from({ length: 50 }, (_, index) => `ticket ${index}`);
    tickets.write(...names);
    await until(async () => expect((await sagas.inspect.stats()).timers).toBe(50));
    const definitions = new Map([['noting', saga as SagaDefinition]]);
    const lookers = [1, 2, 3].map(() =>
      startTimers({ pool, sagas: definitions, now: () => now, onTaken: () => undefined, log }),
    );
    now = noon + 10;
    for (const { wake } of lookers) wake();
    await until(async () => expect((await sagas.inspect.stats()).timers).toBe(0));
    await Promise.all(lookers.map((looker) => looker.stop()));
    for (const [index, name] of names.entries()) {
      expect(await seenBy(sagas, name)).toEqual([`${index + 1}`, 'timer']);
    }
  });
});

describe('an input that cannot be taken', () => {
  it('parks its instance with the cause; others go on, and un-parking makes up for it', async () => {
    const tickets = logOfTickets();
    let broken = true;
    const saga = noting((input) => {
      if (broken && input.kind === 'event' && input.event.ordinal === 2)
        throw new RangeError('a bug');
      return [];
    });
    const sagas = await start(tickets.eventStore, [saga]);
    tickets.write('a', 'a', 'b', 'a');
    await until(async () => expect(await seenBy(sagas, 'b')).toEqual(['3']));
    expect(await seenBy(sagas, 'a')).toEqual(['1']);
    const explained = await sagas.inspect.explain('noting', idOf('a'));
    expect(explained?.['parked']).toMatchObject([{ cause: 'a bug' }, { cause: null }]);
    expect(await ask('poke', 'a')).toMatchObject({ inputs: 0, left: 2, cause: 'a bug' });
    const letter = { kind: 'parked', name: 'TicketIssued', cause: 'a bug', attempts: 2, behind: 1 };
    expect(await sagas.inspect.dead()).toMatchObject([letter]);
    broken = false;
    tickets.away(true);
    const ids = await askSagas(pool, [request('replay', 'a', PARKED)], 'spec');
    await until(async () =>
      expect(await requestProgress(pool, ids)).toMatchObject([
        { answer: null, trouble: 'the log is away' },
      ]),
    );
    tickets.away(false);
    expect(await answerTo(ids)).toMatchObject({ inputs: 2, left: 0, cause: null });
    expect(await seenBy(sagas, 'a')).toEqual(['1', '2', '4']);
    tickets.write('a');
    await until(async () => expect(await seenBy(sagas, 'a')).toEqual(['1', '2', '4', '5']));
  });

  it('is an event that does not fit its schema, too', async () => {
    const tickets = logOfTickets();
    const { eventStore } = tickets;
    const sagas = await start(eventStore, [noting(() => [])]);
    // Marked before it can be delivered: nothing is awaited in between.
    const [event] = tickets.write('a');
    tickets.poison.add(event?.id ?? '');
    tickets.write('b');
    await until(async () => expect(await seenBy(sagas, 'b')).toEqual(['2']));
    expect(await seenBy(sagas, 'a')).toEqual([]);
    const explained = await sagas.inspect.explain('noting', idOf('a'));
    expect(explained?.['parked']).toMatchObject([{ cause: 'does not fit its schema' }]);
    tickets.write('a');
    await until(async () => expect((await sagas.inspect.dead())[0]?.behind).toBe(1));
    // The first can be read now, the second cannot: as far as they go.
    const third = tickets.write('a')[0]?.id ?? '';
    tickets.poison.add(third);
    await until(async () => expect((await sagas.inspect.dead())[0]?.behind).toBe(2));
    tickets.poison.delete(event?.id ?? '');
    expect(await ask('replay', 'a', PARKED)).toMatchObject({
      ...{ inputs: 2, left: 1, cause: 'does not fit its schema' },
    });
    expect(await seenBy(sagas, 'a')).toEqual(['1', '3']);
  });
});

it('a reaction cut before its commit leaves nothing; the same inputs are taken again', async () => {
  const tickets = logOfTickets();
  const sagas = await start(tickets.eventStore, [noting(() => [])]);
  await until(async () => expect((await sagas.health()).leads).toBe(true));
  // Keeps the batch waiting inside its transaction, then cuts its connection.
  await transaction(pool, async (client) => {
    await client.query('lock table saga.checkpoints in access exclusive mode');
    tickets.write('a');
    await until(async () => {
      const { rowCount } = await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'pawprint sagas'
            and wait_event_type = 'Lock'`,
      );
      expect(rowCount).toBe(1);
    });
    const { rowCount } = await client.query('select 1 from saga.instances');
    expect(rowCount).toBe(0);
  });
  await until(async () => expect(await seenBy(sagas, 'a')).toEqual(['1']));
});
