import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { sessionConfig } from './connection.ts';
import { type Migration, migrate, schemaVersion, supportedSchemaVersion } from './schema.ts';

let database: TestDatabase;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

const first: Migration = { name: 'one', sql: 'create table event_store.one (n integer)' };
const second: Migration = { name: 'two', sql: 'alter table event_store.one add column m integer' };
const broken: Migration = {
  name: 'bad',
  sql: 'create table event_store.two (n integer); nonsense',
};

const columns = async (): Promise<unknown> => {
  const found = await client.query(
    `select string_agg(column_name, ',' order by ordinal_position) from information_schema.columns
     where table_schema = 'event_store' and table_name <> 'migration'`,
  );
  return Object.values(found.rows[0])[0];
};

test('an empty database gets the whole schema, and the next start changes nothing', async () => {
  expect(await schemaVersion(client)).toBe(0);
  await migrate(client);
  const made = await columns();
  await migrate(client);
  expect(await schemaVersion(client)).toBe(supportedSchemaVersion);
  expect(await columns()).toBe(made);
});

test('an older schema gets the steps it has not had, and keeps its rows', async () => {
  await migrate(client, [first]);
  await client.query('insert into event_store.one values (7)');
  await migrate(client, [first, second]);
  expect((await client.query('select * from event_store.one')).rows).toEqual([{ n: 7, m: null }]);
  expect(await schemaVersion(client)).toBe(2);
});

test('a step that fails leaves the schema as it was, and the next start tries it again', async () => {
  await migrate(client, [first]);
  await expect(migrate(client, [first, broken])).rejects.toThrow(/syntax error/);
  expect(await schemaVersion(client)).toBe(1);
  expect(await columns()).toBe('n');
  await migrate(client, [first, second]);
  expect(await columns()).toBe('n,m');
});

test('a newer schema is refused and not touched', async () => {
  await migrate(client, [first, second]);
  await expect(migrate(client, [first])).rejects.toThrow(
    'the event log has schema version 2, this node knows 1: start a newer node',
  );
  expect(await columns()).toBe('n,m');
});

test("a writer's session ends when its node has said nothing for a minute", async () => {
  const session = new pg.Client(sessionConfig(database.url, 'writer'));
  await session.connect();
  const found = await session.query('show idle_session_timeout');
  await session.end();
  expect(found.rows).toEqual([{ idle_session_timeout: '1min' }]);
});
