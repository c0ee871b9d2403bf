import type pg from 'pg';
import { type Pool, transaction } from '../../platform/postgres/index.ts';
import { literal, qualifiedName, sameKey, spelledSql } from './ddl.ts';
import type { ProjectionDefinition } from './definition.ts';
import type { AnyTable, RowKey } from './table.ts';

/** The first row that differs, in the order of the key. Values are not told: they may be personal. */
export type Difference = {
  readonly key: RowKey;
  /** `only-live`: the log says nothing of it. `only-log`: the log says it should be there. */
  readonly what: 'only-live' | 'only-log' | 'different';
  /** Which columns are different; empty when the row is on one side only. */
  readonly columns: readonly string[];
};

export type TableFindings = {
  readonly table: string;
  readonly rows: { readonly live: number; readonly log: number };
  readonly onlyLive: number;
  readonly onlyLog: number;
  readonly different: number;
  readonly first: Difference | null;
};

/** What a comparison of live tables with a fresh fold of the log found. */
export type Findings = {
  /** Both had handled the log up to here. */
  readonly ordinal: number;
  /** All rows that differ; 0: the tables say what the log says. */
  readonly rows: number;
  readonly tables: readonly TableFindings[];
};

/**
 * Compares the tables of a projection with those of its shadow, in one snapshot in which both have
 * handled the same events; null when they have not at this moment. The database joins them by key
 * and gives counts, so that no more memory is needed for many rows; nobody waits for it.
 */
export async function compareTables(
  pool: Pool,
  shadow: ProjectionDefinition,
  original: ProjectionDefinition,
): Promise<Findings | null> {
  return transaction(pool, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only');
    await client.query('set local statement_timeout = 0');
    const ordinal = await equalOrdinal(client, shadow, original);
    if (ordinal === null) return null;
    const tables: TableFindings[] = [];
    for (const [index, table] of original.tables.entries()) {
      const built = shadow.tables[index];
      if (built === undefined) throw new RangeError(`${table.name} was not built again`);
      const sides = [qualifiedName(table, original.version), qualifiedName(built, shadow.version)];
      const from = `${sides[0]} l full join ${sides[1]} r on ${sameKey(table)}`;
      tables.push(await compareTable(client, table, from));
    }
    const rows = tables.reduce(
      (sum, { onlyLive, onlyLog, different }) => sum + onlyLive + onlyLog + different,
      0,
    );
    return { ordinal, rows, tables };
  });
}

async function equalOrdinal(
  client: pg.ClientBase,
  shadow: ProjectionDefinition,
  original: ProjectionDefinition,
): Promise<number | null> {
  const { rows } = await client.query<{ ordinal: number; seen: boolean }>(
    `select ordinal, seen is not null as seen from projection.checkpoints
      where version = $1 and projection in ($2, $3)`,
    [original.version, original.name, shadow.name],
  );
  const [one, other] = rows;
  if (one === undefined || other === undefined || !one.seen || !other.seen) return null;
  return Number(one.ordinal) === Number(other.ordinal) ? Number(one.ordinal) : null;
}

const isDistinct = (table: AnyTable, column: string): string =>
  `${spelledSql(table, 'l', column)} is distinct from ${spelledSql(table, 'r', column)}`;

async function compareTable(
  client: pg.ClientBase,
  table: AnyTable,
  from: string,
): Promise<TableFindings> {
  // Columns of a key are never null: a null there says that this side has no such row.
  const key = table.key[0];
  const rest = Object.keys(table.columns).filter((column) => !table.key.includes(column));
  const differs = rest.length === 0 ? 'false' : rest.map((c) => isDistinct(table, c)).join(' or ');
  const both = `l.${key} is not null and r.${key} is not null and (${differs})`;
  const { rows } = await client.query<Record<'live' | 'log' | 'a' | 'b' | 'c', string>>(
    `select count(l.${key})::text as live, count(r.${key})::text as log,
       count(*) filter (where r.${key} is null)::text as a,
       count(*) filter (where l.${key} is null)::text as b,
       count(*) filter (where ${both})::text as c
     from ${from}`,
  );
  const [counts] = rows;
  if (counts === undefined) throw new RangeError('a count gave no row');
  const [onlyLive, onlyLog, different] = [counts.a, counts.b, counts.c].map(Number) as [
    number,
    number,
    number,
  ];
  const found = onlyLive + onlyLog + different;
  return {
    table: table.name,
    rows: { live: Number(counts.live), log: Number(counts.log) },
    ...{ onlyLive, onlyLog, different },
    first: found === 0 ? null : await firstDifference(client, table, { from, rest, both }),
  };
}

async function firstDifference(
  client: pg.ClientBase,
  table: AnyTable,
  { from, rest, both }: { from: string; rest: readonly string[]; both: string },
): Promise<Difference | null> {
  const [first] = table.key;
  const either = table.key.map((column) => `coalesce(l.${column}, r.${column})`);
  const order = table.key.map((column, index) =>
    table.columns[column]?.type === 'text' ? `${either[index]} collate "C"` : either[index],
  );
  const key = table.key.map((column, index) => `${literal(column)}, ${either[index]}`);
  const columns = rest.map((c) => `case when ${isDistinct(table, c)} then ${literal(c)} end`);
  const { rows } = await client.query<Difference>(
    `select jsonb_build_object(${key.join(', ')}) as key,
       case when r.${first} is null then 'only-live'
            when l.${first} is null then 'only-log' else 'different' end as what,
       case when l.${first} is null or r.${first} is null then '{}'::text[]
            else array_remove(array[${columns.join(', ')}]::text[], null) end as columns
     from ${from}
     where l.${first} is null or r.${first} is null or (${both})
     order by ${order.join(', ')} limit 1`,
  );
  return rows[0] ?? null;
}
