import type pg from 'pg';
import { type Pool, transaction } from '../../platform/postgres/index.ts';
import { noteRewrite } from './changes.ts';
import type { Findings } from './compare.ts';
import {
  fingerprint,
  indexesSql,
  physicalName,
  qualifiedName,
  sameKey,
  spelledSql,
  tableSql,
  viewSql,
} from './ddl.ts';
import type { ProjectionDefinition, ReadRow, RowChange, RowRef } from './definition.ts';
import { SCHEMA_LOCK } from './schema.ts';
import type { AnyTable } from './table.ts';

/** The name under which a projection is built again, beside itself. */
export const rebuildName = (projection: string): string => `rebuild:${projection}`;

/**
 * The same projection on tables of its own: to the runtime a projection like any other, with its own
 * checkpoint, lock, parked events and (while it lags) reader.
 */
export function shadowOf(
  definition: ProjectionDefinition,
  kind: RebuildKind = 'rebuild',
): ProjectionDefinition {
  const tables = new Map(
    definition.tables.map((table): [AnyTable, AnyTable] => [
      table,
      { ...table, schema: 'rebuild' },
    ]),
  );
  const refOf = <Ref extends RowRef>(ref: Ref): Ref => {
    const table = tables.get(ref.table);
    if (table === undefined) throw new TypeError(`${ref.table.name} is none of its tables`);
    return { ...ref, table };
  };
  const changeOf = (change: RowChange): RowChange => ({
    ...refOf(change),
    ...(change.reads === undefined ? {} : { reads: change.reads.map(refOf) }),
    apply: (row, read) => change.apply(row, ((ref) => read(refOf(ref))) satisfies ReadRow),
  });
  return {
    ...definition,
    name: rebuildName(definition.name),
    tables: [...tables.values()],
    reducers: new Map(
      [...definition.reducers].map(([type, reduce]) => [
        type,
        (event) => reduce(event).map(changeOf),
      ]),
    ),
    rebuilds: definition,
    ...(kind === 'rebuild' ? {} : { compares: kind }),
  };
}

/** `rebuild`: what differs is put right. `compare` (a person asked) and `audit`: it is only told. */
export type RebuildKind = 'rebuild' | 'compare' | 'audit';

export type Rebuild = {
  readonly id: number;
  readonly kind: RebuildKind;
  /** What a comparison found; null: it is none, or not finished. */
  readonly findings: Findings | null;
  readonly projection: string;
  readonly version: number;
  readonly requestedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Rows that were other than (or missing beside) what the log says. */
  readonly changed: number | null;
  /** Rows that the log says nothing of. */
  readonly removed: number | null;
  /** Why it did not come to its end, or does not yet. */
  readonly trouble: string | null;
};

const COLUMNS = `id::int, kind, findings, projection, version, requested_at as "requestedAt", started_at as "startedAt",
  finished_at as "finishedAt", changed, removed, trouble`;

/**
 * Asks whatever process runs the projection to build it again; it looks each second. One that is
 * under way already is given instead, of whatever kind.
 */
export async function requestRebuild(
  pool: Pool,
  { name, version }: { readonly name: string; readonly version: number },
  kind: RebuildKind = 'rebuild',
): Promise<Rebuild> {
  await pool.query(
    `insert into projection.rebuilds (projection, version, kind) values ($1, $2, $3)
     on conflict (projection) where finished_at is null do nothing`,
    [name, version, kind],
  );
  const { rows } = await pool.query<Rebuild>(
    `select ${COLUMNS} from projection.rebuilds where projection = $1 order by id desc limit 1`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`the rebuild of ${name} was not written down`);
  return row;
}

/** A rebuild, and how many events it has handled of how many. Null: there is none of that id. */
export async function rebuildProgress(
  pool: Pool,
  id: number,
): Promise<(Rebuild & { readonly handled: number; readonly of: number }) | null> {
  const { rows } = await pool.query<Rebuild & { handled: number; of: number }>(
    `select ${COLUMNS},
       coalesce((select ordinal from projection.checkpoints c
                  where c.projection = 'rebuild:' || r.projection and c.version = r.version), 0) as handled,
       coalesce((select ordinal from projection.checkpoints c
                  where c.projection = r.projection and c.version = r.version), 0) as of
     from projection.rebuilds r where id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** Those that are asked for and not finished. */
export async function openRebuilds(pool: Pool): Promise<readonly Rebuild[]> {
  const { rows } = await pool.query<Rebuild>(
    `select ${COLUMNS} from projection.rebuilds where finished_at is null order by id`,
  );
  return rows;
}

/** Ends a rebuild that will never be made. */
export async function giveUpRebuild(pool: Pool, id: number, trouble: string): Promise<void> {
  await pool.query(
    'update projection.rebuilds set finished_at = now(), trouble = $2 where id = $1',
    [id, trouble],
  );
}

/** Ends a comparison with what it found, or why it found nothing, and removes what was built for it. */
export async function finishComparison(
  pool: Pool,
  shadow: ProjectionDefinition,
  { findings, trouble }: { readonly findings: Findings | null; readonly trouble: string | null },
): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query(SCHEMA_LOCK);
    await forget(client, shadow);
    await client.query(
      `update projection.rebuilds set finished_at = now(), findings = $3, trouble = $4
        where projection = $1 and version = $2 and finished_at is null`,
      [shadow.rebuilds?.name, shadow.version, JSON.stringify(findings), trouble],
    );
  });
}

/** Writes down why a rebuild cannot be finished so far. */
export async function tellTrouble(
  client: pg.ClientBase,
  { name, version }: ProjectionDefinition,
  trouble: string,
): Promise<void> {
  await client.query(
    `update projection.rebuilds set trouble = $3
      where projection = $1 and version = $2 and finished_at is null`,
    [name, version, trouble],
  );
}

/**
 * Makes the tables of a shadow, empty, with a checkpoint at the start of the log; those of a rebuild
 * that was cut are gone on with.
 */
export async function prepareShadow(pool: Pool, shadow: ProjectionDefinition): Promise<void> {
  const { name, version, tables, rebuilds } = shadow;
  await transaction(pool, async (client) => {
    await client.query(SCHEMA_LOCK);
    const { rows } = await client.query<{ started: boolean; fingerprint: string | null }>(
      `select r.started_at is not null as started, v.fingerprint
         from projection.rebuilds r
         left join projection.versions v on v.projection = $2 and v.version = r.version
        where r.projection = $1 and r.version = $3 and r.finished_at is null for update of r`,
      [rebuilds?.name, name, version],
    );
    const [row] = rows;
    if (row?.started === true && row.fingerprint === fingerprint(shadow)) return;
    await forget(client, shadow);
    await client.query(tables.flatMap((table) => tableSql(table, version)).join(';\n'));
    await client.query(
      `insert into projection.versions (projection, version, fingerprint, tables, live)
       values ($1, $2, $3, $4, false)`,
      [name, version, fingerprint(shadow), tables.map((table) => qualifiedName(table, version))],
    );
    await client.query(
      `insert into projection.checkpoints (projection, version, ordinal, updated_at)
       values ($1, $2, 0, now())`,
      [name, version],
    );
    await client.query(
      `update projection.rebuilds set started_at = now(), trouble = null
        where projection = $1 and version = $2 and finished_at is null`,
      [rebuilds?.name, version],
    );
  });
}

/**
 * Makes the tables of a projection that somebody dropped, empty: it can go on then, and what is built
 * beside it can take its place. Nobody reads them: their views went with them, and `takeOver` makes
 * those again when the rows are there.
 */
export async function makeMissingTables(
  pool: Pool,
  { version, tables }: ProjectionDefinition,
): Promise<readonly string[]> {
  return transaction(pool, async (client) => {
    await client.query(SCHEMA_LOCK);
    const { rows } = await client.query<{ name: string }>(
      'select name from unnest($1::text[]) as wanted (name) where to_regclass(name) is null',
      [tables.map((table) => qualifiedName(table, version))],
    );
    const missing = rows.map(({ name }) => name);
    const gone = tables.filter((table) => missing.includes(qualifiedName(table, version)));
    for (const statement of gone.flatMap((table) => tableSql(table, version))) {
      await client.query(statement);
    }
    return missing;
  });
}

/**
 * Makes the views of queries again that read no table of this version, though it is live, and what
 * the table lacks. Whether there were any.
 */
async function restoreViews(
  client: pg.ClientBase,
  { name, version, tables }: ProjectionDefinition,
): Promise<boolean> {
  const { rows } = await client.query<{ name: string }>(
    `select wanted.name
       from unnest($3::text[], $4::text[]) as wanted (name, physical)
       join projection.versions v on v.projection = $1 and v.version = $2 and v.live
      where not exists (select from information_schema.view_table_usage u
        where u.view_schema = 'read' and u.view_name = wanted.name
          and u.table_schema = 'read' and u.table_name = wanted.physical)`,
    [
      ...[name, version],
      tables.map((table) => table.name),
      tables.map((table) => physicalName(table, version)),
    ],
  );
  const lost = new Set(rows.map((row) => row.name));
  for (const table of tables.filter((one) => lost.has(one.name))) {
    for (const statement of [...indexesSql(table, version), ...viewSql(table, version)]) {
      await client.query(statement);
    }
  }
  return lost.size > 0;
}

/** Removes everything of a shadow. */
async function forget(
  client: pg.ClientBase,
  { name, version, tables }: ProjectionDefinition,
): Promise<void> {
  for (const table of tables) {
    await client.query(`drop table if exists ${qualifiedName(table, version)}`);
  }
  for (const table of ['versions', 'checkpoints', 'parked', 'failures']) {
    await client.query(`delete from projection.${table} where projection = $1 and version = $2`, [
      name,
      version,
    ]);
  }
}

/**
 * Puts the rows that were built again in place of those that are there, in the open transaction of
 * the session that runs both, when both have handled the same events. Only rows that differ are
 * written: readers see all of the old ones until it commits, and then all of the new ones; whatever
 * depends on the tables (views, rights, plans) stays as it is. `restored`: a table was made again, and
 * the views of queries over it.
 */
export async function takeOver(
  client: pg.ClientBase,
  shadow: ProjectionDefinition,
  original: ProjectionDefinition,
): Promise<{ changed: number; removed: number; restored: boolean }> {
  const { version } = original;
  // Both tables are read from end to end: the session's settings are for looking rows up by key.
  for (const way of ['seqscan', 'hashjoin', 'mergejoin']) {
    await client.query(`set local enable_${way} = on`);
  }
  let changed = 0;
  let removed = 0;
  for (const [index, table] of original.tables.entries()) {
    const built = shadow.tables[index];
    if (built === undefined) throw new RangeError(`${table.name} was not built again`);
    const [live, again] = [qualifiedName(table, version), qualifiedName(built, version)];
    await client.query(`analyze ${again}`);
    removed += (await client.query(removeSql(table, live, again))).rowCount ?? 0;
    changed += (await client.query(changeSql(table, live, again))).rowCount ?? 0;
  }
  const restored = await restoreViews(client, original);
  const of = [original.name, version];
  await client.query('delete from projection.parked where projection = $1 and version = $2', of);
  await client.query(
    'update projection.parked set projection = $1 where projection = $3 and version = $2',
    [...of, shadow.name],
  );
  await forget(client, shadow);
  if (changed + removed > 0) await noteRewrite(client, original);
  await client.query(
    `update projection.rebuilds set finished_at = now(), changed = $3, removed = $4, trouble = null
      where projection = $1 and version = $2 and finished_at is null`,
    [...of, changed, removed],
  );
  return { changed, removed, restored };
}

const removeSql = (table: AnyTable, live: string, again: string): string =>
  `delete from ${live} l where not exists (select from ${again} r where ${sameKey(table)})`;

function changeSql(table: AnyTable, live: string, again: string): string {
  const columns = Object.keys(table.columns);
  const rest = columns.filter((column) => !table.key.includes(column));
  const spelled = (side: string) => rest.map((column) => spelledSql(table, side, column));
  const equal =
    rest.length === 0
      ? ''
      : ` and row(${spelled('l').join(', ')}) is not distinct from row(${spelled('r').join(', ')})`;
  const update =
    rest.length === 0
      ? 'nothing'
      : `update set ${rest.map((column) => `${column} = excluded.${column}`).join(', ')}`;
  return `insert into ${live} (${columns.join(', ')})
    select ${columns.map((column) => `r.${column}`).join(', ')} from ${again} r
    where not exists (select from ${live} l where ${sameKey(table)}${equal})
    on conflict (${table.key.join(', ')}) do ${update}`;
}
