import { createHash } from 'node:crypto';
import { literal, physicalName } from './ddl.ts';
import type { ProjectionDefinition } from './definition.ts';
import { sqlStateOf } from './poison.ts';
import type { AnyTable } from './table.ts';
import { type ViewDefinition, viewTypes } from './view.ts';

/** Views of a schema of their own, over the tables of read models. */
export type ViewSet = {
  readonly schema: string;
  readonly comment: string;
  readonly views: readonly ViewDefinition[];
  /** Whose tables they are. */
  readonly projections: readonly ProjectionDefinition[];
  /** The database role that may read them; it need not exist. Null: nobody but the owner. */
  readonly readableBy: string | null;
};

/** The version of a projection that a view was written for. */
export type ViewSource = { readonly projection: string; readonly version: number };

/** How long a view that somebody reads is waited for: everything behind us waits as well. */
const PATIENCE_MS = 500;

const LOCK_NOT_AVAILABLE = '55P03';

/** Whether views could not be pointed elsewhere because somebody reads them. */
export const isHeldByReader = (error: unknown): boolean => sqlStateOf(error) === LOCK_NOT_AVAILABLE;

type Queryable = {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
};

/**
 * Points the views of a schema at the versions that are live. To be run in the transaction that
 * makes a version live, after it did: views and queries then move at once, or not at all.
 *
 * A view is written for certain versions. As long as one of them is not live, it stays as it is (it
 * still reads the tables of the release before), and the last switch takes it along. Where its
 * columns allow it is replaced and not dropped, so that rights and views on top of it stay.
 *
 * Whoever reads a view at the moment holds it. That is waited for shortly; then it fails as a whole
 * (`isHeldByReader`) and is to be tried again: a query may take a minute, the log goes on.
 */
export async function repointViews(client: Queryable, set: ViewSet): Promise<void> {
  const { rows } = await client.query(
    `select current_setting('lock_timeout') as before, set_config('lock_timeout', $1, true)`,
    [`${PATIENCE_MS}ms`],
  );
  await repoint(client, set);
  const [{ before } = { before: '0' }] = rows as { before: string }[];
  await client.query("select set_config('lock_timeout', $1, true)", [before]);
}

async function repoint(client: Queryable, set: ViewSet): Promise<void> {
  // Two processes that grant on the same schema would disturb each other.
  await client.query("select pg_advisory_xact_lock(hashtextextended('pawprint views', 7))");
  await client.query(`create schema if not exists ${set.schema}`);
  const { live, made } = await readState(client, set);
  for (const view of set.views) {
    const sources = sourcesOf(view, set.projections);
    if (!sources.every(({ projection, version }) => live.get(projection) === version)) continue;
    const statements = statementsOf(view, set);
    const fingerprint = createHash('sha256').update(statements.join(';\n')).digest('hex');
    const present = made.get(view.name);
    if (present?.fingerprint === fingerprint) continue;
    if (present !== undefined && !keepsColumns(present.columns, view)) {
      await client.query(`drop view ${set.schema}.${view.name}`);
    }
    await client.query(statements.join(';\n'));
    await record(client, { schema: set.schema, view: view.name, fingerprint, sources });
  }
  await grantReading(client, set);
}

/** The versions whose tables a view asks for. */
export function sourcesOf(
  view: ViewDefinition,
  projections: readonly ProjectionDefinition[],
): ViewSource[] {
  const sources = new Map<string, ViewSource>();
  view.from((table) => {
    const { name: projection, version } = ownerOf(table, projections);
    sources.set(projection, { projection, version });
    return table.name;
  });
  return [...sources.values()];
}

function ownerOf(
  table: AnyTable,
  projections: readonly ProjectionDefinition[],
): ProjectionDefinition {
  const owner = projections.find(({ tables }) => tables.includes(table));
  if (owner === undefined) throw new RangeError(`no projection has the table ${table.name}`);
  return owner;
}

type Made = {
  readonly fingerprint: string;
  /** Names and types, in order. */
  readonly columns: readonly string[];
};

/** Which versions are live, and which views there are. */
async function readState(
  client: Queryable,
  { schema }: ViewSet,
): Promise<{ live: ReadonlyMap<string, number>; made: ReadonlyMap<string, Made> }> {
  const versions = await client.query(
    'select projection, version from projection.versions where live',
  );
  const views = await client.query(
    `select v.relname as name, coalesce(p.fingerprint, '') as fingerprint,
       array(select a.attname || ' ' || format_type(a.atttypid, a.atttypmod) from pg_attribute a
             where a.attrelid = v.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
     from pg_class v
     left join projection.views p on p.schema = $1 and p.name = v.relname
     where v.relkind = 'v' and v.relnamespace = to_regnamespace($1)`,
    [schema],
  );
  return {
    live: new Map((versions.rows as ViewSource[]).map((row) => [row.projection, row.version])),
    made: new Map((views.rows as (Made & { name: string })[]).map((row) => [row.name, row])),
  };
}

const columnsOf = (view: ViewDefinition): string[] =>
  Object.entries(view.columns).map(([name, { type }]) => `${name} ${viewTypes[type]}`);

/** Whether `create or replace` can do it: it adds columns at the end, and changes none. */
function keepsColumns(present: readonly string[], view: ViewDefinition): boolean {
  const wanted = columnsOf(view);
  return present.every((column, index) => wanted[index] === column);
}

function statementsOf(view: ViewDefinition, { schema, comment, projections }: ViewSet): string[] {
  const name = `${schema}.${view.name}`;
  const tableName = (table: AnyTable): string =>
    `read.${physicalName(table, ownerOf(table, projections).version)}`;
  const columns = Object.entries(view.columns);
  return [
    `comment on schema ${schema} is ${literal(comment)}`,
    // Not `security_invoker`: a reader has rights on the view and none on what it is made of.
    `create or replace view ${name} with (security_invoker = false) as select ${columns
      .map(([column, { sql }]) => `${sql} as ${column}`)
      .join(', ')} from ${view.from(tableName)}`,
    `comment on view ${name} is ${literal(view.comment)}`,
    ...columns.map(
      ([column, { comment: text }]) => `comment on column ${name}.${column} is ${literal(text)}`,
    ),
  ];
}

async function record(
  client: Queryable,
  made: { schema: string; view: string; fingerprint: string; sources: readonly ViewSource[] },
): Promise<void> {
  const { schema, view, fingerprint, sources } = made;
  await client.query(
    `insert into projection.views (schema, name, fingerprint) values ($1, $2, $3)
     on conflict (schema, name) do update set fingerprint = excluded.fingerprint`,
    [schema, view, fingerprint],
  );
  await client.query('delete from projection.view_sources where schema = $1 and view = $2', [
    schema,
    view,
  ]);
  await client.query(
    `insert into projection.view_sources (schema, view, projection, version)
     select $1, $2, * from unnest($3::text[], $4::int[])`,
    [
      schema,
      view,
      sources.map(({ projection }) => projection),
      sources.map(({ version }) => version),
    ],
  );
}

/** Rights on views that were dropped are gone with them. */
async function grantReading(
  client: Queryable,
  { schema, readableBy: role }: ViewSet,
): Promise<void> {
  if (role === null) return;
  const { rows } = await client.query(
    'select quote_ident(rolname) as role from pg_roles where rolname = $1',
    [role],
  );
  const [found] = rows as { role: string }[];
  if (found === undefined) return;
  await client.query(
    `grant usage on schema ${schema} to ${found.role};
     grant select on all tables in schema ${schema} to ${found.role}`,
  );
}
