import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyIn } from '../../platform/postgres/copy.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { copyOf } from './copy.ts';
import { qualifiedName, tableSql } from './ddl.ts';
import { normaliseRow } from './rows.ts';
import { type AnyRow, type AnyTable, defineTable } from './table.ts';

const every = {
  ...defineTable({
    name: 'every_type',
    comment: 'A column of every type.',
    columns: {
      id: { type: 'bigint', comment: 'Id' },
      text: { type: 'text', nullable: true, comment: 'Text' },
      count: { type: 'integer', nullable: true, comment: 'Count' },
      yes: { type: 'boolean', nullable: true, comment: 'Whether' },
      at: { type: 'timestamptz', nullable: true, comment: 'When' },
      data: { type: 'jsonb', nullable: true, comment: 'Data' },
      list: { type: 'text[]', nullable: true, comment: 'List' },
    },
    key: ['id'],
  }),
} as AnyTable;
const name = qualifiedName(every, 1);
const empty = { text: null, count: null, yes: null, at: null, data: null, list: null };

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("create schema read; set timezone = 'UTC'");
  for (const statement of tableSql(every, 1)) await client.query(statement);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const rowsBy = async (write: () => Promise<unknown>): Promise<string[]> => {
  await client.query('begin');
  await write();
  const { rows } = await client.query<{ line: string }>(
    `select t::text as line from ${name} t order by id`,
  );
  await client.query('rollback');
  return rows.map(({ line }) => line);
};

const nasty = ['', '\\', '\\.', '\\N', 'N', '\t', '\n', '\r\n', '"', '{}', '{"a"}', ',', "'", ' '];
const rows: AnyRow[] = [
  { id: 1, ...empty },
  { id: 2, ...empty, count: -5, yes: true, at: '2026-01-31T08:00:00.005Z', list: [] },
  { id: 2 ** 53 - 1, ...empty, yes: false, data: [], list: ['null', 'NULL'] },
  ...nasty.map((text, index) => ({ ...empty, id: 10 + index, text })),
  ...nasty.map((text, index) => ({ ...empty, id: 30 + index, data: { [text]: [text, 1, null] } })),
  ...nasty.map((text, index) => ({ ...empty, id: 50 + index, data: text })),
  { ...empty, id: 70, list: nasty },
  { ...empty, id: 71, text: 'наука-🐾-ﷺ', data: { '€': 1.5e300 }, list: ['🐾'] },
  // More than one message.
  { ...empty, id: 72, text: 'x'.repeat(300_000) },
  { ...empty, id: 73, text: 'after it' },
];

it('a copied row is the row that a statement writes, to the byte', async () => {
  const normal = rows.map((row) => normaliseRow(every, row));
  const copy = copyOf(every, 1, normal);
  expect(copy.messages.length).toBeGreaterThan(2);
  const copied = await rowsBy(() => copyIn(client, copy.text, copy));
  const columns = Object.keys(every.columns).join(', ');
  const written = await rowsBy(() =>
    client.query(
      `insert into ${name} (${columns})
         select ${columns} from json_populate_recordset(null::${name}, $1::json)`,
      [JSON.stringify(normal)],
    ),
  );
  expect(copied).toHaveLength(rows.length);
  expect(copied).toEqual(written);
});

it('a row that is there already is refused, and the session goes on', async () => {
  const copy = copyOf(every, 1, [{ ...empty, id: 1 }]);
  await expect(
    rowsBy(async () => {
      await copyIn(client, copy.text, copy);
      await copyIn(client, copy.text, copy);
    }),
  ).rejects.toMatchObject({ code: '23505' });
  await client.query('rollback');
  expect(await rowsBy(() => copyIn(client, copy.text, copy))).toHaveLength(1);
});
