import { createHash } from 'node:crypto';
import { type Pool, transaction } from '../../platform/postgres/index.ts';
import { physicalName } from './ddl.ts';
import type { ProjectionDefinition } from './definition.ts';

export type TableDump = {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 of the canonical dump: one line of JSON a row, ordered by key. */
  readonly sha256: string;
  readonly lines: readonly string[];
};

/**
 * The tables of a projection's version as canonical text. Two are equal when live and rebuild are:
 * keys are ordered by code point and instants printed in UTC, whatever the server's settings.
 */
export async function dumpProjection(
  pool: Pool,
  definition: ProjectionDefinition,
): Promise<TableDump[]> {
  return transaction(pool, async (client) => {
    await client.query("set local timezone = 'UTC'");
    const dumps: TableDump[] = [];
    for (const table of definition.tables) {
      const order = table.key.map((column) =>
        table.columns[column]?.type === 'text' ? `${column} collate "C"` : column,
      );
      const { rows } = await client.query<{ line: string }>(
        `select to_jsonb(t)::text as line from read.${physicalName(table, definition.version)} t
         order by ${order.join(', ')}`,
      );
      const lines = rows.map(({ line }) => line);
      const sha256 = createHash('sha256').update(lines.map((line) => `${line}\n`).join(''));
      dumps.push({ table: table.name, rows: lines.length, sha256: sha256.digest('hex'), lines });
    }
    return dumps;
  });
}
