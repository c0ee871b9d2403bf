import { randomBytes } from 'node:crypto';
import { catalogue } from '../../domain/_catalogue.ts';
import { startEventStoreNode } from '../../embedded/event-store/index.ts';
import {
  type EventStore,
  foundLog,
  type OpenedEventStore,
  openEventStore,
} from '../../platform/event-store/index.ts';
import { type KeyStore, openKeyStore } from '../../platform/keys/index.ts';
import { createLogger, type Logger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase } from './database.ts';

/** A real event store node on a database of its own, with people's keys beside it. */
export type LogOfRecord = {
  readonly url: string;
  readonly databaseUrl: string;
  readonly eventStore: OpenedEventStore;
  readonly keys: KeyStore;
  /** For another process that reads what people's keys seal. */
  readonly masterKey: Buffer;
  readonly pool: Pool;
  readonly log: Logger;
  /** Another client of the same log, as another process would have it. */
  another(): OpenedEventStore;
  stop(): Promise<void>;
};

export async function startLogOfRecord(): Promise<LogOfRecord> {
  const database = await createTestDatabase();
  const node = await startEventStoreNode({ databaseUrl: database.url, port: 0 });
  const pool = createPool({ url: database.url, name: 'spec' });
  const masterKey = randomBytes(32);
  const keys = openKeyStore({ pool, masterKey });
  await keys.ready();
  const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' });
  const opened: EventStore[] = [];
  const another = (): OpenedEventStore => {
    const store = openEventStore({ url: node.url, catalogue, keys, log });
    opened.push(store);
    return store;
  };
  const eventStore = another();
  await foundLog(eventStore);
  return {
    url: node.url,
    databaseUrl: database.url,
    eventStore,
    keys,
    masterKey,
    pool,
    log,
    another,
    stop: async () => {
      for (const store of opened) await store.dispose();
      await node.stop();
      await pool.end();
      await database.drop();
    },
  };
}
