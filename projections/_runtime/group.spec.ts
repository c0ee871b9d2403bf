import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UndecodableEventError, UnknownEventError } from '../../domain/_kernel/catalogue.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { batchOf } from '../_fixtures/applied.ts';
import { season } from '../_fixtures/season.ts';
import { projections } from '../index.ts';
import { defineProjection, insert, type ProjectionDefinition, put } from './definition.ts';
import { dumpProjection } from './dump.ts';
import { openGroup } from './group.ts';
import type { GroupSession } from './member.ts';
import { listParked, requestUnpark } from './parked.ts';
import { dropVersion, prepareReadModels, TableChangedError } from './schema.ts';
import { requestSwitch } from './switch.ts';
import { defineTable } from './table.ts';

const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' });
const history = season({ enrollments: 30 });

let database: TestDatabase;
let pool: Pool;
let template: TestDatabase;
const sessions = new Set<GroupSession>();
const stopping = new AbortController();

beforeAll(async () => {
  template = await createTestDatabase();
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
afterEach(async () => {
  for (const session of sessions) await session.close();
  sessions.clear();
  await pool.query('drop schema if exists read, projection cascade');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
  await template.drop();
});

const events = new Map(history.map((event) => [`${event.stream}@${event.revision}`, event]));

async function open(
  definitions: readonly ProjectionDefinition[] = projections,
  options: {
    log?: readonly DeliveredEvent[];
    signal?: AbortSignal;
    onStandby?: (standby: boolean) => void;
  } = {},
): Promise<GroupSession> {
  await prepareReadModels(pool, definitions);
  const known = new Map(
    (options.log ?? []).map((event) => [`${event.stream}@${event.revision}`, event]),
  );
  const session = await openGroup({
    url: database.url,
    definitions,
    log,
    stopping: options.signal ?? stopping.signal,
    ...(options.onStandby === undefined ? {} : { onStandby: options.onStandby }),
    readEvents: async (refs) =>
      refs.map(({ stream, revision }) => {
        const event = known.get(`${stream}@${revision}`) ?? events.get(`${stream}@${revision}`);
        if (event === undefined) throw new Error(`${stream} has no event ${revision}`);
        return event;
      }),
  });
  sessions.add(session);
  session.lost.catch(() => sessions.delete(session));
  return session;
}

async function feed(
  session: GroupSession,
  log: readonly DeliveredEvent[],
  size: number,
): Promise<void> {
  const from = log.findIndex(({ ordinal }) => ordinal > (session.checkpoint?.ordinal ?? 0));
  for (let i = Math.max(0, from); i < log.length; i += size) {
    await session.apply(batchOf(log.slice(i, i + size)));
  }
}

const hashes = async (definitions: readonly ProjectionDefinition[] = projections) =>
  Object.fromEntries(
    (await Promise.all(definitions.map((definition) => dumpProjection(pool, definition))))
      .flat()
      .map(({ table, rows, sha256 }) => [table, `${rows} ${sha256}`]),
  );

/** The dumps of a run in which nothing went wrong, in batches of 500. */
let expected: Record<string, string> | undefined;
async function plainDump(): Promise<Record<string, string>> {
  if (expected !== undefined) return expected;
  const plainPool = createPool({ url: template.url, name: 'spec' });
  await prepareReadModels(plainPool, projections);
  const session = await openGroup({
    url: template.url,
    definitions: projections,
    log,
    stopping: stopping.signal,
    readEvents: async () => [],
  });
  await feed(session, history, 500);
  await session.close();
  expected = Object.fromEntries(
    (await Promise.all(projections.map((definition) => dumpProjection(plainPool, definition))))
      .flat()
      .map(({ table, rows, sha256 }) => [table, `${rows} ${sha256}`]),
  );
  await plainPool.end();
  return expected;
}

describe('rows', () => {
  it.each([1, 7])('are the same in batches of %i as in batches of 500', async (size) => {
    const session = await open();
    await feed(session, history, size);
    const dump = await hashes();
    expect(dump).toEqual(await plainDump());
    // Every table has rows: an empty one would be equal to anything.
    const empty = Object.entries(dump).flatMap(([table, text]) =>
      text.startsWith('0 ') ? [table] : [],
    );
    expect(empty, 'empty: let projections/_fixtures/season.ts tell their events').toEqual([]);
  });

  it('and checkpoint go together: a cut in the middle of a batch leaves neither', async () => {
    const session = await open();
    await feed(session, history.slice(0, 100), 50);
    const before = await hashes();
    // Nobody can write the checkpoint: the last statement of the transaction waits, then it is cut.
    const blocker = new pg.Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('begin; lock table projection.checkpoints in share row exclusive mode');
    const applying = session.apply(batchOf(history.slice(100, 150)));
    const cut = expect(applying).rejects.toThrow();
    const waits =
      "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%checkpoints%'";
    await expect.poll(async () => (await pool.query(waits)).rowCount).toBe(1);
    await pool.query(`select pg_terminate_backend(pid) from (${waits}) as them`);
    await cut;
    await expect(session.lost).rejects.toThrow(/lost/);
    await blocker.query('rollback');
    await blocker.end();
    expect(await hashes()).toEqual(before);

    const next = await open();
    expect(next.checkpoint?.ordinal).toBe(100);
    await feed(next, history, 7);
    expect(await hashes()).toEqual(await plainDump());
  });

  it('that were applied are not applied again when a batch comes twice', async () => {
    const session = await open();
    await session.apply(batchOf(history.slice(0, 200)));
    await session.apply(batchOf(history.slice(100)));
    expect(await hashes()).toEqual(await plainDump());
  });
});

describe('members of a group', () => {
  it('that stand at different places take from the shared subscription what they lack', async () => {
    const [first, ...others] = projections;
    if (first === undefined) throw new Error('no projections');
    const alone = await open([first]);
    await feed(alone, history.slice(0, 120), 50);
    await alone.close();
    const session = await open([first, ...others]);
    expect(session.checkpoint).toBeNull();
    await feed(session, history, 50);
    expect(await hashes()).toEqual(await plainDump());
  });

  it('have one holder: a second stands by, and takes over when the first is gone', async () => {
    const first = await open();
    await feed(first, history.slice(0, 10), 10);
    const giveUp = new AbortController();
    const refused = open(projections, { signal: giveUp.signal });
    giveUp.abort();
    await expect(refused).rejects.toThrow(/abort/i);

    const standing = Promise.withResolvers<string>();
    const second = open(projections, {
      onStandby: (standby) => {
        if (standby) standing.resolve('stands by');
      },
    });
    expect(await Promise.race([standing.promise, second.then(() => 'runs, too')])).toBe(
      'stands by',
    );
    await first.close();
    expect((await second).checkpoint?.ordinal).toBe(10);
  });

  it('are taken over from a holder that was stopped, which keeps its connection and its lock', async () => {
    await prepareReadModels(pool, projections);
    const fixture = new URL('../_fixtures/hold-projections.ts', import.meta.url);
    const holder = spawn(process.execPath, [fileURLToPath(fixture), database.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(holder.stdout, 'data')) as [Buffer];
      expect(line.toString()).toContain('HOLDING');
      holder.kill('SIGSTOP');
      const session = await open();
      await session.apply(batchOf(history.slice(0, 10)));
    } finally {
      holder.kill('SIGKILL');
    }
  });
});

describe('seen', () => {
  const seenOf = async (name: string): Promise<string | null> => {
    const { rows } = await pool.query<{ seen: string | null }>(
      'select seen::text from projection.checkpoints where projection = $1',
      [name],
    );
    return rows[0]?.seen ?? null;
  };

  it('moves with events that do not matter and with none at all, and never back', async () => {
    const session = await open();
    await session.apply({ events: [], seen: 40n, checkpoint: null, live: false });
    expect(await seenOf('enrollments')).toBe('40');
    const drafted = history.slice(0, 1);
    await session.apply(batchOf(drafted));
    expect(await seenOf('enrollments')).toBe('100');
    const checkpoint = batchOf(drafted).checkpoint;
    await session.apply({ events: [], seen: 90n, checkpoint, live: true });
    expect(await seenOf('enrollments')).toBe('100');
    await session.apply({ events: [], seen: 900n, checkpoint, live: true });
    expect(await seenOf('enrollments')).toBe('900');
  });
});

describe('a poison event', () => {
  const [victim] = history.filter(({ type }) => type === 'EnrollmentRequested');
  if (victim === undefined) throw new Error('the season has no enrollment');
  const enrollmentId = String((victim.data as { enrollmentId: string }).enrollmentId);
  const poisoned = history.map((event) =>
    event === victim
      ? { ...event, poison: new UndecodableEventError('does not fit at /price') }
      : event,
  );

  it.each([1, 500])(
    'parks its key, and un-parking ends as if nothing had been (%i)',
    async (size) => {
      const session = await open();
      await feed(session, poisoned, size);
      const parked = await listParked(pool);
      const ours = parked.find(({ projection }) => projection === 'enrollments');
      expect(ours).toMatchObject({
        key: enrollmentId,
        cause: 'UndecodableEventError: does not fit at /price',
        attempts: 1,
        firstOrdinal: victim.ordinal,
      });
      expect(ours?.events).toBe(
        history.filter(
          ({ ordinal, data, type }) =>
            ordinal >= victim.ordinal &&
            (data as { enrollmentId?: string }).enrollmentId === enrollmentId &&
            projections.find(({ name }) => name === 'enrollments')?.reducers.has(type),
        ).length,
      );
      for (const { projection, key } of parked) {
        expect(await session.unpark(projection, key)).toMatchObject({ left: 0, cause: null });
      }
      expect(await listParked(pool)).toEqual([]);
      expect(await hashes()).toEqual(await plainDump());
    },
  );

  it('leaves every other key as it would be', async () => {
    const session = await open();
    await feed(session, poisoned, 50);
    const { rows } = await pool.query<{ count: number }>(
      'select count(*)::int as count from read.enrollments where enrollment_id <> $1',
      [enrollmentId],
    );
    const all = history.filter(({ type }) => type === 'EnrollmentRequested').length;
    expect(rows[0]?.count).toBe(all - 1);
  });

  it('that is still poison stays parked, with its cause told anew', async () => {
    const session = await open(projections, { log: poisoned });
    await feed(session, poisoned, 50);
    const outcome = await session.unpark('enrollments', enrollmentId);
    expect(outcome).toMatchObject({ applied: 0, cause: expect.stringContaining('/price') });
    const [parked] = (await listParked(pool)).filter(
      ({ projection }) => projection === 'enrollments',
    );
    expect(parked?.attempts).toBe(2);
  });

  it('is remembered over a change of holder, and can be un-parked from another process', async () => {
    const first = await open();
    await feed(first, poisoned.slice(0, victim.ordinal), 50);
    await first.close();
    sessions.delete(first);
    const session = await open();
    await feed(session, poisoned, 50);
    for (const { projection, key } of await listParked(pool)) {
      await requestUnpark(pool, projection, key);
    }
    await expect.poll(() => listParked(pool), { timeout: 10_000 }).toEqual([]);
    expect(await hashes()).toEqual(await plainDump());
  });

  it('of an unknown type is parked by whoever listens to its category, under its stream', async () => {
    const [first] = history;
    if (first === undefined) throw new Error('empty');
    const stranger: DeliveredEvent = {
      ...first,
      type: 'ActivityRenamed',
      data: { surprising: true },
      stream: 'activity-x',
      poison: new UnknownEventError('event type ActivityRenamed is not in the catalogue'),
    };
    const session = await open();
    await session.apply(batchOf([stranger]));
    const parked = await listParked(pool);
    expect(parked.find(({ projection }) => projection === 'activity-catalogue')).toMatchObject({
      key: 'activity-x',
      type: 'ActivityRenamed',
    });
    expect(parked.some(({ projection }) => projection === 'enrollments')).toBe(false);
  });
});

describe('a row that the database refuses', () => {
  const things = defineTable({
    name: 'things',
    comment: 'A table of this spec.',
    columns: {
      id: { type: 'text', comment: 'Id' },
      note: { type: 'text', comment: 'Note' },
      at: { type: 'timestamptz', nullable: true, comment: 'When' },
    },
    key: ['id'],
    indexes: [['note']],
  });
  const [drafted] = history;
  const strict = (version = 1): ProjectionDefinition =>
    defineProjection({
      name: 'strict',
      version,
      question: 'What happens when Postgres says no?',
      tables: [things],
      events: [],
      keyOf: () => 'unused',
      on: {},
    });
  const withReducer = (
    note: (event: DeliveredEvent) => unknown,
    at: (event: DeliveredEvent) => string | null = () => null,
  ): ProjectionDefinition => ({
    ...strict(),
    keyOf: (event) => event.stream,
    reducers: new Map([
      [
        'Noted',
        (event) => [put(things, { id: event.stream, note: note(event) as string, at: at(event) })],
      ],
    ]),
  });
  const noted = (n: number): DeliveredEvent => {
    if (drafted === undefined) throw new Error('empty');
    return {
      ...drafted,
      type: 'Noted',
      stream: `note-${n % 3}`,
      revision: n,
      ordinal: n + 1,
      position: BigInt(n + 1),
    };
  };
  const log9 = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(noted);

  const text = ({ ordinal }: DeliveredEvent): string => `${ordinal}`;
  it.each([
    [
      'Postgres',
      text,
      /^Postgres 22/,
      8,
      // A day that JavaScript has and Postgres has not.
      ({ ordinal }: DeliveredEvent) => (ordinal === 8 ? '-271821-04-20T00:00:00.000Z' : null),
    ],
    [
      'the length of its index',
      (event: DeliveredEvent) =>
        event.ordinal === 8 ? randomBytes(3000).toString('hex') : text(event),
      /^RowShapeError: things is indexed by note, which are too long: 6000 bytes/,
      8,
    ],
    [
      'the reducer',
      (event: DeliveredEvent) => {
        if (event.ordinal === 5) throw new TypeError('cannot read the note');
        return text(event);
      },
      /^TypeError: cannot read the note/,
      5,
    ],
    [
      'its text',
      (event: DeliveredEvent) => (event.ordinal === 5 ? 'a\u0000b' : text(event)),
      /^RowShapeError: things.note holds text, not this string/,
      5,
    ],
    [
      'its shape',
      (event: DeliveredEvent) => (event.ordinal === 5 ? String(event.ordinal).length : text(event)),
      /^RowShapeError: things.note holds text, not this number/,
      5,
    ],
  ] as const)('by %s parks its key alone', async (_who, note, cause, first, at?) => {
    const definition = withReducer(note, at);
    const session = await open([definition, ...projections]);
    await session.apply(batchOf(log9));
    expect(await listParked(pool)).toEqual([
      expect.objectContaining({
        key: 'note-1',
        events: first === 5 ? 2 : 1,
        firstOrdinal: first,
        cause: expect.stringMatching(cause),
      }),
    ]);
    const { rows } = await pool.query('select id, note from read.things order by id');
    expect(rows).toEqual([
      { id: 'note-0', note: '7' },
      { id: 'note-1', note: first === 5 ? '2' : '5' },
      { id: 'note-2', note: '9' },
    ]);
  });

  it.each([40, 4])('for it is there already is replaced, in a batch of %i rows', async (count) => {
    const definition: ProjectionDefinition = {
      ...strict(),
      keyOf: (event) => event.stream,
      reducers: new Map([
        [
          'Noted',
          ({ ordinal }) => [
            insert(things, { id: `${ordinal % count}`, note: `${ordinal}`, at: null }),
          ],
        ],
      ]),
    };
    const session = await open([definition]);
    const events = Array.from({ length: 2 * count }, (_, n) => noted(n));
    await session.apply(batchOf(events.slice(0, count)));
    await session.apply(batchOf(events.slice(count)));
    expect(await listParked(pool)).toEqual([]);
    const { rows } = await pool.query(
      'select count(*)::int as all, min(note::int) as least, max(note::int) as most from read.things',
    );
    expect(rows).toEqual([{ all: count, least: count + 1, most: 2 * count }]);
  });

  it('does not hide that the database itself has gone: nothing is parked', async () => {
    const definition = withReducer(({ ordinal }) => `${ordinal}`);
    const session = await open([definition]);
    await pool.query('drop table read.things_v1 cascade');
    await expect(session.apply(batchOf(log9))).rejects.toThrow(/things_v1/);
    expect(await listParked(pool)).toEqual([]);
  });

  it('has its indexes once it has taken in the history, and before queries are switched to it', async () => {
    const indexes = async () =>
      (
        await pool.query<{ made: boolean }>(
          "select count(*) > 1 as made from pg_indexes where tablename = 'things_v1'",
        )
      ).rows[0]?.made;
    const session = await open([withReducer(text)]);
    await session.apply(batchOf(log9.slice(0, 4)));
    expect(await indexes()).toBe(false);
    await session.apply(batchOf(log9.slice(4), true));
    expect(await indexes()).toBe(true);
  });

  it('is refused at once when the tables changed without a new version', async () => {
    await prepareReadModels(pool, [strict()]);
    const wider = defineTable({
      ...things,
      columns: { ...things.columns, more: { type: 'text', comment: 'More' } },
    });
    await expect(prepareReadModels(pool, [{ ...strict(), tables: [wider] }])).rejects.toThrow(
      TableChangedError,
    );
  });

  it('of a new version is built beside the live one, switched when it has caught up, and back', async () => {
    const one = withReducer(({ ordinal }) => `one ${ordinal}`);
    const two = { ...withReducer(({ ordinal }) => `two ${ordinal}`), version: 2 };
    const notes = async () =>
      (await pool.query<{ note: string }>('select note from read.things order by id')).rows.map(
        ({ note }) => note,
      );
    const first = await open([one]);
    await first.apply(batchOf(log9, true));
    await first.close();
    sessions.delete(first);

    const second = await open([two]);
    await second.apply(batchOf(log9.slice(0, 4)));
    expect(await notes()).toEqual(['one 7', 'one 8', 'one 9']);
    await second.apply(batchOf(log9.slice(4), true));
    expect(await notes()).toEqual(['two 7', 'two 8', 'two 9']);
    await second.close();
    sessions.delete(second);

    const back = await open([one]);
    await back.apply({ ...batchOf(log9, true), events: [] });
    expect(await notes()).toEqual(['one 7', 'one 8', 'one 9']);
    await expect(dropVersion(pool, 'strict', 1)).rejects.toThrow(/queries read it/);
    await dropVersion(pool, 'strict', 2);
    expect(
      (await pool.query("select to_regclass('read.things_v2') as gone")).rows[0].gone,
    ).toBeNull();
  });

  it('is the one that somebody wants, while processes of both releases run and are started again', async () => {
    const one = withReducer(({ ordinal }) => `one ${ordinal}`);
    const two = { ...withReducer(({ ordinal }) => `two ${ordinal}`), version: 2 };
    const read = async () =>
      (await pool.query<{ note: string }>("select note from read.things where id = 'note-0'"))
        .rows[0]?.note;
    const nothing = { ...batchOf(log9, true), events: [] };
    const first = await open([one]);
    await first.apply(batchOf(log9, true));
    let second = await open([two]);
    await second.apply(batchOf(log9, true));
    expect(await read()).toBe('two 7');
    // It does not take back what it lost to a newer version.
    await first.heedSwitches();
    await first.apply(nothing);
    expect(await read()).toBe('two 7');

    await requestSwitch(pool, { name: 'strict', version: 1 });
    await second.heedSwitches();
    expect(await read()).toBe('two 7');
    await first.heedSwitches();
    expect(await read()).toBe('one 7');
    await second.heedSwitches();
    await second.apply(nothing);
    await second.close();
    sessions.delete(second);
    second = await open([two]);
    await second.apply(nothing);
    expect(await read()).toBe('one 7');

    // What is made after that takes over by itself.
    const three = { ...withReducer(({ ordinal }) => `three ${ordinal}`), version: 3 };
    const third = await open([three]);
    await third.apply(batchOf(log9, true));
    expect(await read()).toBe('three 7');
  });
});
