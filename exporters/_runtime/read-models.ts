import { sql } from 'kysely';
import type { QueryContext, ReadDatabase } from '../../projections/_runtime/query.ts';

/** The read models have not got as far as the file is to reach, or cannot go past an event. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
}

/** How far the live version of a read model has got: the ordinal of the last event it handled. */
export async function handledOrdinal(db: ReadDatabase, projection: string): Promise<number> {
  const { rows } = await sql<{ ordinal: string }>`
    select ordinal::text as ordinal from projection.checkpoints
    join projection.versions using (projection, version)
    where projection = ${projection} and live`.execute(db);
  return Number(rows[0]?.ordinal ?? 0);
}

/** Exporters ask as the platform's own staff; they sign no tickets. */
export function exportContext(db: ReadDatabase, now: string): QueryContext {
  return {
    db,
    now,
    principal: { kind: 'person', id: 'mem_exporter', roles: ['staff', 'finance'] },
    signTicket: () => {
      throw new TypeError('an export carries no tickets');
    },
  };
}

type Page<Item> = { readonly items: readonly Item[]; readonly nextCursor: string | null };

/** All items of a list, page by page. */
export async function* allOf<Item>(
  page: (cursor: string | undefined) => Promise<Page<Item>>,
): AsyncIterable<Item> {
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await page(cursor);
    yield* items;
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/** Most items a page may have. */
export const PAGE = 200;
