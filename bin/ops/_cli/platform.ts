import type { EventStore } from '../../../platform/event-store/index.ts';
import { createLogger, type Logger } from '../../../platform/log/index.ts';
import type { Pool } from '../../../platform/postgres/index.ts';
import type { ReadDatabase } from '../../../projections/_runtime/query.ts';
import { createClosers } from '../../role/lifecycle.ts';
import type { Installation } from './installation.ts';

/** The parts of the running platform, opened when a verb first asks for them. */
export type Platform = {
  readonly installation: Installation;
  readonly log: Logger;
  readonly urls: { readonly write: string; readonly read: string };
  /** The database of read models, sagas and sessions. */
  pool(): Promise<Pool>;
  readModels(): Promise<ReadDatabase>;
  /** The log, read without keys: nobody's personal values can be seen through it. */
  eventStore(): Promise<EventStore>;
  close(): Promise<void>;
};

/** What is imported here late is heavy: `token` needs no Postgres and no event store. */
export function openPlatform(installation: Installation): Platform {
  const { read } = installation;
  // What fails is thrown, and told by the verb; the adapters' own log lines would stand in between.
  const log = createLogger({ level: 'silent', name: 'ops' });
  const closers = createClosers();
  const once = <T>(open: () => Promise<T>): (() => Promise<T>) => {
    let opened: Promise<T> | undefined;
    return () => {
      opened ??= open();
      return opened;
    };
  };
  const pool = once(async () => {
    const { createPool } = await import('../../../platform/postgres/index.ts');
    const opened = createPool({ url: read('DATABASE_URL'), name: 'ops', max: 4, long: true, log });
    closers.add('pool', () => opened.end());
    return opened;
  });
  const base = (publicName: 'PUBLIC_WRITE_URL' | 'PUBLIC_READ_URL', api: 'WRITE' | 'READ') =>
    read(publicName) ?? `http://${read(`${api}_API_HOST`)}:${read(`${api}_API_PORT`)}`;
  return {
    installation,
    log,
    urls: {
      get write() {
        return base('PUBLIC_WRITE_URL', 'WRITE');
      },
      get read() {
        return base('PUBLIC_READ_URL', 'READ');
      },
    },
    pool,
    readModels: once(async () => {
      const { kyselyOf } = await import('../../../platform/postgres/index.ts');
      return kyselyOf(await pool()) as ReadDatabase;
    }),
    eventStore: once(async () => {
      const [{ openEventStore }, { catalogue }, { noKeys }] = await Promise.all([
        import('../../../platform/event-store/index.ts'),
        import('../../../domain/_catalogue.ts'),
        import('../../../platform/keys/no-keys.ts'),
      ]);
      const opened = openEventStore({ url: read('EVENTSTORE_URL'), catalogue, keys: noKeys, log });
      closers.add('event store', () => opened.dispose());
      return opened;
    }),
    close: () => closers.closeAll(log),
  };
}
