import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool, transaction } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { batchOf } from '../_fixtures/applied.ts';
import type { ProjectionDefinition } from './definition.ts';
import { openGroup } from './group.ts';
import { pointViewsAt, prepareReadModels } from './schema.ts';
import { type Column, defineTable } from './table.ts';
import { defineView, type ViewColumn } from './view.ts';
import type { ViewSet } from './views.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const text = { type: 'text', comment: 'Text' } as const;

/** A projection with one table; its rows are written by the spec, saying which version they are of. */
function projection(
  name: string,
  version: number,
  more: Readonly<Record<string, Column>> = {},
): ProjectionDefinition {
  const table = defineTable({ name, comment: name, columns: { id: text, ...more }, key: ['id'] });
  return {
    ...{ name, version, question: '?', tables: [table], categories: [] },
    keyOf: () => name,
    reducers: new Map(),
  };
}

/** A release: cats and dogs in certain versions, and a view over both. */
function release(
  cats: ProjectionDefinition,
  dogs: ProjectionDefinition,
  columns?: Columns,
): Release {
  const [cat] = cats.tables;
  const [dog] = dogs.tables;
  if (cat === undefined || dog === undefined) throw new RangeError('no table');
  const view = defineView({
    name: 'pets',
    comment: 'Both',
    key: ['cat'],
    columns: columns ?? usual,
    from: (table) => `${table(cat)} c, ${table(dog)} d`,
  });
  const projections = [cats, dogs];
  const set = {
    schema: 'analytics',
    comment: 'Views',
    views: [view],
    projections,
    readableBy: null,
  };
  return { projections, views: set };
}
type Release = { projections: ProjectionDefinition[]; views: ViewSet };
type Columns = Readonly<Record<string, ViewColumn>>;
const usual: Columns = { cat: { ...text, sql: 'c.id' }, dog: { ...text, sql: 'd.id' } };

const [cats1, cats2, dogs1, dogs2] = [
  projection('cats', 1),
  projection('cats', 2),
  projection('dogs', 1),
  projection('dogs', 2),
];

beforeEach(async () => {
  await prepare(release(cats1, dogs1));
});
afterEach(() => pool.query('drop schema if exists read, projection, analytics cascade'));

/** Starts a release: what it makes is filled with rows that tell their version. */
async function prepare({ projections, views }: Release): Promise<void> {
  await prepareReadModels(pool, projections, views);
  for (const { name, version } of projections) {
    await pool.query(`insert into read.${name}_v${version} values ($1) on conflict do nothing`, [
      `${name} ${version}`,
    ]);
  }
}

const switchTo = (definition: ProjectionDefinition, { views }: Release): Promise<void> =>
  transaction(pool, (client) => pointViewsAt(client, definition, views));

const groupOf = ({ projections, views }: Release) => ({
  url: database.url,
  definitions: projections,
  views,
  log: createLogger({ level: 'silent', name: 'spec' }),
  stopping: new AbortController().signal,
  readEvents: async () => [],
});

const seen = async (): Promise<unknown> => (await pool.query('select * from analytics.pets')).rows;

it('is made at the first start, and a second start leaves it alone', async () => {
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1' }]);
  const made = async () =>
    (
      await pool.query(
        "select 'analytics.pets'::regclass::oid, xmin from pg_class where oid = 'analytics.pets'::regclass",
      )
    ).rows;
  const before = await made();
  await prepare(release(cats1, dogs1));
  expect(await made()).toEqual(before);
});

it('stays with the old version until the new one is live, and moves with it', async () => {
  const next = release(cats2, dogs1);
  await prepare(next);
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1' }]);
  await switchTo(cats2, next);
  expect(await seen()).toEqual([{ cat: 'cats 2', dog: 'dogs 1' }]);
});

it('moves when the last of its projections is switched, never to a mixture it was not written for', async () => {
  const next = release(cats2, dogs2);
  await prepare(next);
  await switchTo(cats2, next);
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1' }]);
  await switchTo(dogs2, next);
  expect(await seen()).toEqual([{ cat: 'cats 2', dog: 'dogs 2' }]);
});

it('moves with the switch or not at all', async () => {
  const next = release(cats2, dogs1);
  await prepare(next);
  const failing = transaction(pool, async (client) => {
    await pointViewsAt(client, cats2, next.views);
    throw new Error('the commit fails');
  });
  await expect(failing).rejects.toThrow('the commit fails');
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1' }]);
  const { rows } = await pool.query(
    "select version from projection.versions where live and projection = 'cats'",
  );
  expect(rows).toEqual([{ version: 1 }]);
});

it('is switched by the projection that caught up', async () => {
  const next = release(cats2, dogs1);
  await prepare(next);
  const session = await openGroup(groupOf(next));
  await session.apply(batchOf([], true));
  await session.close();
  expect(await seen()).toEqual([{ cat: 'cats 2', dog: 'dogs 1' }]);
});

it('waits for a reader, moves nothing until then, and is tried again', async () => {
  const next = release(cats2, dogs1);
  await prepare(next);
  const reader = await pool.connect();
  await reader.query('begin; select * from analytics.pets');
  await expect(switchTo(cats2, next)).rejects.toMatchObject({ code: '55P03' });
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1' }]);
  // It takes what an analyst holds first: queries of the APIs did not wait behind it.
  expect((await pool.query('select * from read.cats')).rows).toEqual([{ id: 'cats 1' }]);

  const session = await openGroup(groupOf(next));
  await session.apply(batchOf([], true));
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1' }]);
  await reader.query('commit');
  reader.release();
  await session.apply({ ...batchOf([], true), seen: 1n });
  await session.close();
  expect(await seen()).toEqual([{ cat: 'cats 2', dog: 'dogs 1' }]);
});

it('that is held while a release starts is made anew with the first live batch', async () => {
  const next = release(cats1, dogs1, { ...usual, more: { ...text, sql: "'new'" } });
  const reader = await pool.connect();
  await reader.query('begin; select * from analytics.pets');
  await prepare(next);
  await reader.query('commit');
  reader.release();
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1' }]);
  const session = await openGroup(groupOf(next));
  await session.apply(batchOf([], true));
  await session.close();
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1', more: 'new' }]);
});

it('keeps the views and rights that others put on it', async () => {
  await pool.query(
    'create schema analytics_of_others; create view analytics_of_others.v as select cat from analytics.pets',
  );
  const wider = { ...usual, more: { ...text, sql: "'new'" } };
  const next = release(cats2, dogs1, wider);
  await prepare(next);
  await switchTo(cats2, next);
  expect((await pool.query('select * from analytics_of_others.v')).rows).toEqual([
    { cat: 'cats 2' },
  ]);
  expect(await seen()).toEqual([{ cat: 'cats 2', dog: 'dogs 1', more: 'new' }]);
  await pool.query('drop schema analytics_of_others cascade');
});

it('of an older release has its fewer columns again when that is started again', async () => {
  const [old, next] = [
    release(cats1, dogs1),
    release(cats2, dogs1, { ...usual, more: { ...text, sql: "'new'" } }),
  ];
  await prepare(next);
  await switchTo(cats2, next);
  await prepare(old);
  await switchTo(cats1, old);
  expect(await seen()).toEqual([{ cat: 'cats 1', dog: 'dogs 1' }]);
});

it('is refused over a table that is no projection of the release', () => {
  const stranger = projection('birds', 1);
  const { views } = release(cats1, stranger);
  const without = { ...views, projections: [cats1] };
  return expect(prepareReadModels(pool, [cats1], without)).rejects.toThrow(
    'no projection has the table birds',
  );
});
