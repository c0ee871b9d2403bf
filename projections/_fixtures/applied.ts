import type { Batch, DeliveredEvent } from '../../platform/consumer/types.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase } from '../../test/support/database.ts';
import { openGroup } from '../_runtime/group.ts';
import { prepareReadModels } from '../_runtime/schema.ts';
import type { ViewSet } from '../_runtime/views.ts';
import { projections } from '../index.ts';

export const LOG_ID = 'ins_00000000000000000000000001';

/** A batch as the consumer cuts it: its checkpoint is its last event. */
export function batchOf(events: readonly DeliveredEvent[], live = false): Batch {
  const last = events.at(-1);
  return {
    events,
    seen: last?.position ?? 0n,
    checkpoint:
      last === undefined
        ? null
        : { logId: LOG_ID, position: last.position, ordinal: last.ordinal, eventId: last.id },
    live,
  };
}

/** A database in which all read models have taken in these events, with views over them if asked for. */
export async function databaseAfter(
  events: readonly DeliveredEvent[],
  views: ViewSet | null = null,
): Promise<{ url: string; pool: Pool; drop(): Promise<void> }> {
  const { url, drop } = await createTestDatabase();
  const pool = createPool({ url, name: 'spec' });
  await prepareReadModels(pool, projections, views);
  const session = await openGroup({
    url,
    definitions: projections,
    log: createLogger({ level: 'silent', name: 'spec' }),
    stopping: new AbortController().signal,
    readEvents: async () => [],
  });
  await session.apply(batchOf(events, true));
  await session.close();
  return {
    url,
    pool,
    drop: async () => {
      await pool.end();
      await drop();
    },
  };
}
