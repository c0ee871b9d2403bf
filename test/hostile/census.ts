import pg from 'pg';
import { until } from '../../embedded/demo/client/wait.ts';

/** Rows by table of every database of a cluster, `database schema.table`. The log is one of them. */
export type Census = Readonly<Record<string, number>>;

/** Tables that refused requests may change, and why. None yet: limits are counted in memory. */
export const mayGrow: readonly string[] = [];

async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function databasesOf(databaseUrl: string): Promise<ReadonlyMap<string, string>> {
  const rows = await ask<{ datname: string }>(
    databaseUrl,
    'SELECT datname FROM pg_database WHERE NOT datistemplate AND datallowconn ORDER BY datname',
  );
  return new Map(
    rows.map(({ datname }) => {
      const url = new URL(databaseUrl);
      url.pathname = `/${datname}`;
      return [datname, url.href];
    }),
  );
}

const COUNTS = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name,
         (xpath('/row/n/text()', query_to_xml(
            format('SELECT count(*) AS n FROM %I.%I', n.nspname, c.relname), false, true, '')
         ))[1]::text::int AS rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND n.nspname NOT LIKE 'pg_%'`;

async function countNow(databaseUrl: string): Promise<Census> {
  const census: Record<string, number> = {};
  for (const [database, url] of await databasesOf(databaseUrl)) {
    for (const { name, rows } of await ask<{ name: string; rows: number }>(url, COUNTS)) {
      census[`${database} ${name}`] = rows;
    }
  }
  return census;
}

/** The rows once nothing follows any more from what was done: equal for so many looks in a row. */
export async function countRows(databaseUrl: string, patienceMs = 30_000): Promise<Census> {
  const looks: Census[] = [];
  const steady = 4;
  await until(
    'rows at rest',
    async () => {
      looks.push(await countNow(databaseUrl));
      return looks.slice(-steady).map((look) => JSON.stringify(look));
    },
    (last) => last.length === steady && new Set(last).size === 1,
    patienceMs,
  );
  return looks.at(-1) ?? {};
}

/** The tables whose rows differ: `name: before -> after`. */
export function growth(before: Census, after: Census): string[] {
  return Object.keys({ ...before, ...after })
    .filter((name) => before[name] !== after[name] && !mayGrow.includes(name))
    .map((name) => `${name}: ${before[name] ?? 0} -> ${after[name] ?? 0}`);
}

/** Every text in the read models, exactly as it is there. */
export async function textsInReadModels(databaseUrl: string): Promise<ReadonlySet<string>> {
  const tables = await ask<{ name: string }>(
    databaseUrl,
    `SELECT format('%I.%I', table_schema, table_name) AS name
       FROM information_schema.tables WHERE table_schema = 'read'`,
  );
  const texts = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const { name } of tables) {
    for (const { row } of await ask<{ row: unknown }>(
      databaseUrl,
      `SELECT to_jsonb(t) AS row FROM ${name} t`,
    ))
      collect(row);
  }
  return texts;
}
