import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { type RecordedEvent, TOMBSTONE } from '../core/model.ts';
import { isRefusal, sessionConfig } from './connection.ts';
import { copyEvents } from './copy.ts';
import { EVENT_COLUMNS, type EventRow, eventFromRow } from './rows.ts';
import { migrate } from './schema.ts';

let database: TestDatabase;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  client = new pg.Client(sessionConfig(database.url, 'writer'));
  await client.connect();
  await migrate(client);
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

const event = (position: bigint, what: Partial<RecordedEvent> = {}): RecordedEvent => ({
  ...{ position, stream: `stream-${position}`, revision: 0n, id: randomUUID(), type: 'happened' },
  ...{ json: true, created: 17_000_000_000_000_000n },
  ...{ data: Buffer.from('{"n":1}'), metadata: Buffer.alloc(0), ...what },
});

/** As they are in the log; each is held against its checksum. */
const stored = async (): Promise<RecordedEvent[]> => {
  const text = `select ${EVENT_COLUMNS} from event_store.event order by position`;
  const { rows } = await client.query<EventRow>({ text, rowMode: 'array' });
  return rows.map(eventFromRow);
};

test('what is written is what is read, whatever it holds', async () => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const events = [
    event(1n),
    event(2n, { stream: 'наука-🐾-"{},\\', type: 'ﷺ\n\t', json: false, data: everyByte }),
    event(3n, { revision: TOMBSTONE, data: Buffer.alloc(0), metadata: everyByte }),
    event(4n, { stream: '€'.repeat(680), type: '€'.repeat(500), created: -1n }),
    event(5n, { id: 'ffffffff-ffff-ffff-ffff-ffffffffffff', data: Buffer.alloc(3_000_000, 7) }),
  ];
  await copyEvents(client, events);
  expect(await stored()).toEqual(events);
});

test('half a surrogate is written as what its checksum is of', async () => {
  await copyEvents(client, [event(1n, { stream: 'half-\ud83d', type: '\udc3e' })]);
  const [row] = await client
    .query<EventRow>({ text: `select ${EVENT_COLUMNS} from event_store.event`, rowMode: 'array' })
    .then(({ rows }) => rows);
  expect(row && eventFromRow(row)).toMatchObject({ stream: 'half-\ufffd', type: '\ufffd' });
});

test('a row that cannot be leaves none of them, and the session goes on', async () => {
  const before = event(1n);
  await copyEvents(client, [before]);
  const batch = Array.from({ length: 400 }, (_, n) => event(BigInt(n + 2)));
  const twice = event(402n, { stream: before.stream });
  const refused = await copyEvents(client, [...batch, twice]).catch((error: unknown) => error);
  expect(isRefusal(refused)).toBe(true);
  expect(refused).toMatchObject({ code: '23505', constraint: 'one_event_per_revision' });
  expect(await stored()).toEqual([before]);
  await copyEvents(client, batch);
  expect(await stored()).toHaveLength(401);
});

test('a COPY that cannot begin is refused, and the session goes on', async () => {
  await client.query('alter table event_store.event rename to hidden');
  const big = event(1n, { data: Buffer.alloc(3_000_000) });
  const refused = await copyEvents(client, [big]).catch((error: unknown) => error);
  expect(isRefusal(refused)).toBe(true);
  expect(refused).toMatchObject({ code: '42P01' });
  await client.query('alter table event_store.hidden rename to event');
  await copyEvents(client, [big]);
  expect(await stored()).toEqual([big]);
});

test('fewer rows than were sent is no success', async () => {
  await client.query(`
    create function event_store.lose() returns trigger language plpgsql as 'begin return null; end';
    create trigger lose before insert on event_store.event for each row
      when (new.position = 2) execute function event_store.lose()`);
  const writing = copyEvents(client, [event(1n), event(2n)]);
  await expect(writing).rejects.toThrow('"COPY 1" to a COPY of 2 rows');
});

test('a session that has ended says so', async () => {
  const { pid } = (await client.query('select pg_backend_pid() as pid')).rows[0];
  const ended = new Promise((resolve) => client.once('end', resolve));
  client.on('error', () => undefined);
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  await other.query('select pg_terminate_backend($1)', [pid]);
  await other.end();
  await ended;
  await expect(copyEvents(client, [event(1n)])).rejects.toThrow();
});
