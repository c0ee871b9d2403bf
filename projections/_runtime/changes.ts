import type pg from 'pg';
import type { AnyRow, AnyTable } from './table.ts';

/** The channel on which it is told what changed: `{ topics }`, or `{ all: true }`. Only a hint. */
export const CHANGES_CHANNEL = 'projection_changes';

/** The column, of a table that has it, in which the runtime notes the event that wrote the row last. */
export const CHANGED = 'changed_ordinal';

/** Nullable: rows that an older version of the projection made have none. */
export const changedColumn = {
  type: 'bigint',
  nullable: true,
  comment: 'Ordinal of the last event that concerned this row',
} as const;

export const topicOf = (topic: string, value: string | null = null): string =>
  value === null ? topic : `${topic}:${value}`;

/** The topics of rows written in a batch whose first event has this ordinal. */
export function topicsOf(table: AnyTable, rows: readonly AnyRow[], since: number): string[] {
  return (table.tells ?? []).flatMap(({ topic, of, at }) =>
    rows
      .filter((row) => Number(row[at] ?? 0) >= since)
      .map((row) => topicOf(topic, of === null ? null : String(row[of]))),
  );
}

/** Postgres takes 8000 bytes a notification; a topic has some 45. */
const TOPICS_A_NOTICE = 150;
/** From here on it costs more to say what changed than to look. */
const MOST_TOPICS = 4 * TOPICS_A_NOTICE;

/** Tells what changed, when the open transaction commits. */
export async function tellChanges(client: pg.ClientBase, topics: readonly string[]): Promise<void> {
  const all = [...new Set(topics)];
  if (all.length === 0) return;
  const notices =
    all.length > MOST_TOPICS
      ? [{ all: true }]
      : Array.from({ length: Math.ceil(all.length / TOPICS_A_NOTICE) }, (_, index) => ({
          topics: all.slice(index * TOPICS_A_NOTICE, (index + 1) * TOPICS_A_NOTICE),
        }));
  await client.query({
    name: 'notify changes',
    text: 'select pg_notify($1, notice) from unnest($2::text[]) notice',
    values: [CHANGES_CHANNEL, notices.map((notice) => JSON.stringify(notice))],
  });
}

type Queryable = { query(text: string, values?: unknown[]): Promise<unknown> };

/**
 * Notes, in the open transaction, that rows of a projection changed otherwise than by its next
 * event: by an event that had been parked, by a rebuild, by another version. Ordinals do not say
 * which rows, so whoever follows it and has seen no later event begins anew.
 */
export async function noteRewrite(
  client: Queryable,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<void> {
  await client.query(
    `update projection.checkpoints c set rewrites = rewrites + 1, rewritten_at =
       (select max(ordinal) from projection.checkpoints every where every.projection = c.projection)
      where projection = $1 and version = $2`,
    [name, version],
  );
  await client.query('select pg_notify($1, $2)', [CHANGES_CHANNEL, '{"all":true}']);
}
