import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** Where a text was found: `needle in place`. */
export type Finding = { readonly needle: string; readonly place: string };

/**
 * A text as it may lie in bytes: plain, as JSON escapes it, in hexadecimal, and in base64 at each of
 * the three alignments (the characters that depend on neighbours cut off).
 */
function formsOf(needle: string): readonly Buffer[] {
  const bytes = Buffer.from(needle, 'utf8');
  const escaped = needle.replaceAll(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift === 0 ? 0 : shift + 1, -4),
  );
  return [needle, escaped, bytes.toString('hex'), ...base64].map((form) => Buffer.from(form));
}

function searchIn(bytes: Buffer, place: string, needles: readonly string[]): Finding[] {
  return needles.flatMap((needle) =>
    formsOf(needle).some((form) => bytes.includes(form)) ? [{ needle, place }] : [],
  );
}

/**
 * Every row of every table and view of a database, as text: values that are stored compressed
 * included. `wanted` leaves some out.
 */
export async function searchDatabase(
  url: string,
  needles: readonly string[],
  wanted: (relation: string) => boolean = () => true,
): Promise<Finding[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND n.nspname NOT LIKE 'pg_toast%'`,
    );
    const found: Finding[] = [];
    for (const { name } of tables.filter((table) => wanted(table.name))) {
      const { rows } = await client.query<{ row: string }>(
        `SELECT to_jsonb(t)::text AS row FROM ${name} AS t`,
      );
      const bytes = Buffer.from(rows.map(({ row }) => `${row}\n${unhexed(row)}`).join('\n'));
      found.push(...searchIn(bytes, name, needles));
    }
    return found;
  } finally {
    await client.end();
  }
}

/** Binary columns come as `"\\x…"`: what they hold, read as text. */
function unhexed(row: string): string {
  return [...row.matchAll(/\\\\x([0-9a-f]+)/g)]
    .map(([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1'))
    .map((text) => Buffer.from(text, 'latin1').toString('utf8'))
    .join('\n');
}

/** The files in which Postgres keeps one database: tables, indexes and their overflow. */
export async function filesOfDatabase(url: string, cluster: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // So that what is in memory is in the files.
    await client.query('CHECKPOINT');
    const { rows } = await client.query<{ oid: number }>(
      'SELECT oid FROM pg_database WHERE datname = current_database()',
    );
    return filesUnder(join(cluster, 'base', String(rows[0]?.oid)));
  } finally {
    await client.end();
  }
}

export function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

export function searchFiles(files: readonly string[], needles: readonly string[]): Finding[] {
  return files.flatMap((file) => searchIn(readFileSync(file), file, needles));
}
