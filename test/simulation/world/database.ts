import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Host } from '../../../platform/host/index.ts';
import type { ConnectedDatabase, FencedSession } from '../../../platform/postgres/connected.ts';
import type { Connection, Database, Queryable } from '../../../platform/postgres/index.ts';
import { migrateSagas } from '../../../sagas/_runtime/schema.ts';
import { migrateStripe } from '../../../sagas/follow-stripe/schema.ts';
import type { Network } from './faults.ts';
import type { WallClock } from './process.ts';
import type { Owner, Scheduler } from './scheduler.ts';

type Asked = Parameters<Queryable['query']>;
type Answer = Awaited<ReturnType<Queryable['query']>>;

/** A connection that broke, as `pg` tells it. */
function cut(): Error {
  const error = new Error('simulated: the connection was cut');
  return Object.assign(error, { code: 'ECONNRESET' });
}

/**
 * What the engine is given before the first run. `now()` and `clock_timestamp()` are looked up on the
 * search path, where ours stand in front of those of Postgres: statements and defaults of the product
 * go by the world's clock, unchanged. `fired` keeps what fired, in the transaction that fired it.
 */
const PREPARE = `
  create schema sim;
  create function sim.now() returns timestamptz stable language sql
    as $$ select pg_catalog.current_setting('sim.now')::timestamptz $$;
  create function sim.clock_timestamp() returns timestamptz stable language sql
    as $$ select pg_catalog.current_setting('sim.now')::timestamptz $$;
  set sim.now = '2027-01-01T00:00:00Z';
  set client_min_messages = warning;
  set plan_cache_mode = force_generic_plan;
  set search_path = sim, pg_catalog, public;`;
const AUDIT = `
  create table sim.fired (
    seq bigint generated always as identity,
    id uuid not null, saga text not null, instance text not null, name text not null,
    due_at timestamptz not null);
  create function sim.note_fired() returns trigger language plpgsql as $$
    begin
      insert into sim.fired (id, saga, instance, name, due_at)
      values (new.id, new.saga, new.instance, new.name, new.due_at);
      return null;
    end $$;
  create trigger fired after update on saga.timers
    for each row when (new.status = 'fired') execute function sim.note_fired();`;

const TABLES = [
  ...['saga.checkpoints', 'saga.instances', 'saga.timers', 'saga.outbox', 'saga.outbox_attempts'],
  ...['saga.parked', 'saga.requests', 'sim.fired'],
  ...['stripe.inbox', 'stripe.object_leases', 'stripe.statement_cursor', 'stripe.statement_seen'],
];

/** A real Postgres with the product's tables, over one connection; runs leave nothing in it. */
export type Engine = {
  readonly client: pg.Client;
  /** Before each run: takes away what the last ones left behind, now and then. */
  clean(): Promise<void>;
  end(): Promise<void>;
};

/** A rollback leaves dead rows, and new files for all tables take longer than a run. */
const RUNS_A_CLEANING = 25;
/** The engine is told the time in steps: telling it is a statement of its own. */
const CLOCK_MS = 50;

export async function openEngine(url: string): Promise<Engine> {
  const client = new pg.Client({ connectionString: url, application_name: 'pawprint simulation' });
  await client.connect();
  const plain: Database = {
    query: (...asked: Asked) => client.query(...asked),
    connect: async () => ({
      query: (...asked: Asked) => client.query(...asked),
      release: () => undefined,
    }),
  };
  await client.query(PREPARE);
  await migrateSagas(plain);
  await migrateStripe(plain);
  await client.query(AUDIT);
  let runs = 0;
  return {
    client,
    clean: async () => {
      runs += 1;
      if (runs % RUNS_A_CLEANING === 0) await client.query(`truncate ${TABLES.join(', ')}`);
    },
    end: () => client.end(),
  };
}

export type SimulatedDatabase = {
  /** The database as one life of a process sees it. */
  open(owner: Owner, host: Host): ConnectedDatabase;
  /** A look from outside of the world: no task, no line. */
  look<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** What a process had begun is undone, and its locks are free. */
  died(owner: Owner): Promise<void>;
  /** Ends the session that holds a lock, as Postgres does with one that is silent. */
  loseSessions(): Promise<void>;
  readonly clock: WallClock;
  /** Undoes everything of this run. */
  end(): Promise<void>;
};

/** Somebody else is inside a transaction. */
const BUSY = Symbol('busy');

type Session = { readonly owner: Owner; inside: boolean; broken: boolean };

/**
 * One run's database: everything happens inside one transaction that is rolled back at the end, and
 * what a process takes for a transaction is a savepoint in it. There is one connection, so
 * transactions come one after the other: what two of them do to each other while both are open is
 * left to the tests on whole processes.
 */
export async function createDatabase(options: {
  readonly engine: Engine;
  readonly scheduler: Scheduler;
  readonly network: Network;
}): Promise<SimulatedDatabase> {
  const { scheduler, network } = options;
  const { client } = options.engine;
  const clock: WallClock = { offset: 0 };
  const held = new Map<string, Fenced>();
  const listeners = new Set<{ owner: Owner; channel: string; heard: (payload: string) => void }>();
  let told: { channel: string; payload: string }[] = [];
  let inside: Session | null = null;
  let behind: (() => void)[] = [];
  let shownTime = '';

  await options.engine.clean();
  await client.query('begin');

  const ask = async (...[statement, values]: Asked) => {
    const now = Math.ceil(scheduler.now() / CLOCK_MS) * CLOCK_MS;
    const time = new Date(now + clock.offset).toISOString();
    if (time !== shownTime) {
      await client.query(`set sim.now = '${time}'`);
      shownTime = time;
    }
    return client.query(prepared(statement, values));
  };

  const free = (): void => {
    inside = null;
    const waiting = behind;
    behind = [];
    for (const go of waiting) go();
  };
  const undo = async (): Promise<void> => {
    await client.query('rollback to savepoint work; release savepoint work');
    shownTime = '';
    told = [];
    free();
  };
  const tell = (): void => {
    for (const { channel, payload } of told) {
      for (const listener of listeners) {
        if (listener.channel !== channel) continue;
        const run = () => listener.heard(payload);
        scheduler.ready({ owner: listener.owner, label: `notified of ${channel}`, run });
      }
    }
    told = [];
  };

  /** `begin` and its ends are those of a savepoint. */
  const bounds: Readonly<Record<string, (session: Session) => Promise<Answer>>> = {
    begin: (session) => {
      inside = session;
      session.inside = true;
      return client.query('savepoint work');
    },
    rollback: async (session) => {
      session.inside = false;
      await undo();
      return { rows: [], rowCount: 0 };
    },
    commit: async (session) => {
      const done = await client.query('release savepoint work');
      session.inside = false;
      tell();
      free();
      return done;
    },
  };

  /** One statement on the engine. */
  const execute = async (session: Session, ...[statement, values]: Asked): Promise<Answer> => {
    if (session.broken) throw cut();
    const config = typeof statement === 'string' ? { text: statement, values } : statement;
    const bound = bounds[config.text];
    if (bound !== undefined) return bound(session);
    const result = await ask(statement, values);
    notified(config.text, config.values ?? []);
    if (!session.inside) tell();
    return result;
  };
  // Inside one transaction nobody is ever told anything by Postgres: read off the statements.
  const notified = (text: string, values: readonly unknown[]): void => {
    const [, channel] = /pg_notify\('(\w+)'/.exec(text) ?? [];
    if (channel !== undefined) told.push({ channel, payload: String(values[0] ?? '') });
  };

  const mayGo = (session: Session): boolean => inside === null || inside === session;

  /** Until nobody else is inside a transaction. */
  const turn = async (session: Session): Promise<void> => {
    while (!mayGo(session)) {
      await new Promise<void>((resolve) => {
        behind.push(() =>
          scheduler.ready({ owner: session.owner, label: 'sql goes on', run: resolve }),
        );
      });
    }
  };

  const statementOf = (session: Session, asked: Asked) => async () => {
    try {
      return await execute(session, ...asked);
    } catch (error) {
      // The outer transaction is lost with it: a statement that Postgres refuses ends the run.
      if (error instanceof pg.DatabaseError && !session.inside)
        throw new BrokenRunError(asked, { cause: error });
      throw error;
    }
  };

  const breakOff = async (session: Session): Promise<void> => {
    session.broken = true;
    if (session.inside && inside === session) await undo();
    session.inside = false;
  };

  const queryOn = async (session: Session, asked: Asked) => {
    const [statement] = asked;
    const text = typeof statement === 'string' ? statement : (statement.name ?? statement.text);
    for (;;) {
      await turn(session);
      const answer = await network.call({
        ...{ owner: session.owner, label: `sql ${labelOf(text)}`, outlives: false },
        work: async () => (mayGo(session) ? statementOf(session, asked)() : BUSY),
        // A statement is not lost by itself: its connection is, with all that was done in it.
        lost: async () => {
          await breakOff(session);
          return cut();
        },
      });
      if (answer !== BUSY) return answer;
    }
  };

  const databaseOf = (owner: Owner): Database => ({
    query: (async (...asked: Asked) =>
      queryOn({ owner, inside: false, broken: false }, asked)) as Database['query'],
    connect: async (): Promise<Connection> => {
      const session: Session = { owner, inside: false, broken: false };
      return {
        query: ((...asked: Asked) => queryOn(session, asked)) as Connection['query'],
        release: () => undefined,
      };
    },
  });

  type Fenced = { readonly session: Session; readonly lose: (reason: Error) => void };

  const openLockSession = async (
    owner: Owner,
    host: Host,
    { locks, stopping }: Parameters<ConnectedDatabase['openLockSession']>[0],
  ): Promise<FencedSession> => {
    const session: Session = { owner, inside: false, broken: false };
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {
      // Whoever uses the session watches it; it may be lost before anybody does.
    });
    const fenced: Fenced = { session, lose: lost.reject };
    while (locks.some((lock) => held.has(lock))) {
      stopping?.throwIfAborted();
      await new Promise<void>((resolve) => void host.after(STANDBY_MS, resolve));
    }
    for (const lock of locks) held.set(lock, fenced);
    const letGo = (): void => {
      for (const [lock, holder] of held) if (holder === fenced) held.delete(lock);
    };
    const query = ((...asked: Asked) =>
      queryOn(session, asked).catch((error: unknown) => {
        if (session.broken) {
          letGo();
          lost.reject(error);
        }
        throw error;
      })) as Queryable['query'];
    return {
      client: { query },
      lost: lost.promise,
      transaction: async (work) => {
        await query('begin');
        try {
          const result = await work();
          await query('commit');
          return result;
        } catch (error) {
          if (!session.broken) await query('rollback');
          throw error;
        }
      },
      close: async () => {
        letGo();
        // Statements are only ever made inside of tasks: nothing of the engine is left in the air.
        await new Promise<void>((resolve) => {
          const run = () => breakOff(session).then(resolve);
          scheduler.ready({ owner, label: 'sql end of session', run });
        });
      },
    };
  };

  const endSession = async ({ session, lose }: Fenced): Promise<void> => {
    for (const [lock, holder] of held) if (holder.session === session) held.delete(lock);
    await breakOff(session);
    lose(cut());
  };

  return {
    clock,
    open: (owner, host) => ({
      pool: databaseOf(owner),
      openLockSession: (session) => openLockSession(owner, host, session),
      listen: ({ channel, heard }) => {
        const listener = { owner, channel, heard };
        listeners.add(listener);
        return { stop: async () => void listeners.delete(listener) };
      },
      end: async () => undefined,
    }),
    look: async (text, values) => (await client.query(text, values)).rows,
    died: async (owner) => {
      for (const listener of listeners) if (listener.owner === owner) listeners.delete(listener);
      for (const fenced of new Set(held.values())) {
        if (fenced.session.owner === owner) await endSession(fenced);
      }
      if (inside?.owner === owner) await undo();
    },
    loseSessions: async () => {
      for (const fenced of new Set(held.values())) await endSession(fenced);
    },
    end: async () => {
      await client.query('rollback');
    },
  };
}

/** Planned once for all runs: most statements take longer to plan than to execute. */
function prepared(...[statement, values]: Asked): pg.QueryConfig {
  const config = typeof statement === 'string' ? { text: statement, values } : statement;
  const name = createHash('sha256').update(config.text).digest('hex').slice(0, 32);
  // Several statements in one text can not be prepared.
  if (config.text.includes(';')) return { text: config.text };
  return { name, text: config.text, values: config.values ?? [] };
}

const STANDBY_MS = 250;

/** Postgres refused a statement of the product outside of a transaction. */
export class BrokenRunError extends Error {
  override readonly name = 'BrokenRunError';
  constructor([statement]: Asked, options: { cause: Error }) {
    const text = typeof statement === 'string' ? statement : statement.text;
    super(`Postgres refused: ${options.cause.message} in ${text.trim().slice(0, 200)}`, options);
  }
}

/** The first words of a statement, or the name of a prepared one. */
function labelOf(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 48);
}
