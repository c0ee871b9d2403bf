import { until } from '../../embedded/demo/client/wait.ts';
import { untilAtRest, withDatabases } from './rest.ts';

/** Rows by table of every database of a cluster, `database schema.table`. The log is one of them. */
export type Census = Readonly<Record<string, number>>;

/** Tables that refused requests may change, and why. None yet: limits are counted in memory. */
export const mayGrow: readonly string[] = [];

const COUNTS = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name,
         (xpath('/row/n/text()', query_to_xml(
            format('SELECT count(*) AS n FROM %I.%I', n.nspname, c.relname), false, true, '')
         ))[1]::text::int AS rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND n.nspname NOT LIKE 'pg_%'`;

/** The rows once nothing follows any more from what was done. */
export function countRows(databaseUrl: string): Promise<Census> {
  return withDatabases(databaseUrl, async (databases) => {
    const count = async (): Promise<Census> => {
      const census: Record<string, number> = {};
      for (const { client, name: database } of databases) {
        const { rows } = await client.query<{ name: string; rows: number }>(COUNTS);
        for (const { name, rows: n } of rows) census[`${database} ${name}`] = n;
      }
      return census;
    };
    // What moves between two looks was at rest in neither of them.
    const twice = async () => {
      const first = await count();
      await untilAtRest(databases);
      return { first, second: await count() };
    };
    await untilAtRest(databases);
    const { second } = await until(
      'rows at rest',
      twice,
      (looks) => growth(looks.first, looks.second).length === 0,
      60_000,
    );
    return second;
  });
}

/** The tables whose rows differ: `name: before -> after`. */
export function growth(before: Census, after: Census): string[] {
  return Object.keys({ ...before, ...after })
    .filter((name) => before[name] !== after[name] && !mayGrow.includes(name))
    .map((name) => `${name}: ${before[name] ?? 0} -> ${after[name] ?? 0}`);
}

/** Every text in the read models, exactly as it is there. */
export async function textsInReadModels(databaseUrl: string): Promise<ReadonlySet<string>> {
  const texts = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  await withDatabases(databaseUrl, async (databases) => {
    for (const { client } of databases) {
      const tables = await client.query<{ name: string }>(
        `SELECT format('%I.%I', table_schema, table_name) AS name
           FROM information_schema.tables WHERE table_schema = 'read'`,
      );
      for (const { name } of tables.rows) {
        const { rows } = await client.query<{ row: unknown }>(
          `SELECT to_jsonb(t) AS row FROM ${name} t`,
        );
        for (const { row } of rows) collect(row);
      }
    }
  });
  return texts;
}
