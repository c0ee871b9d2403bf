import { hkdfSync } from 'node:crypto';
import type { CommandPorts } from '../../commands/_runtime/index.ts';
import { createSecrets } from '../../commands/secrets.ts';
import { catalogue } from '../../domain/_catalogue.ts';
import type { Config } from '../../platform/config/index.ts';
import {
  foundLog,
  type OpenedEventStore,
  openEventStore,
} from '../../platform/event-store/index.ts';
import type { ReadinessCheck } from '../../platform/http/index.ts';
import { type KeyStore, openKeyStore } from '../../platform/keys/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import type { Closers } from './lifecycle.ts';

/** What every role needs: the log, people's keys, the database. */
export type RoleContext = {
  readonly config: Config;
  readonly log: Logger;
  readonly pool: Pool;
  readonly keys: KeyStore;
  readonly eventStore: OpenedEventStore;
  readonly secrets: CommandPorts['secrets'];
  /** Where clients reach the two APIs. */
  readonly urls: { readonly write: string; readonly read: string };
  /** A 32-byte key for a purpose of its own, from the master key. */
  deriveKey(purpose: string): Buffer;
  readonly readiness: readonly ReadinessCheck[];
  readonly closers: Closers;
};

/** Opens what all roles of the process share. Throws when a store cannot be reached. */
export async function openContext(options: {
  config: Config;
  log: Logger;
  closers: Closers;
}): Promise<RoleContext> {
  const { config, log, closers } = options;
  const pool = createPool({ url: config.databaseUrl, name: 'roles', max: 20, log });
  closers.add('pool', () => pool.end());
  const keysPool = createPool({ url: config.keysDatabaseUrl, name: 'keys', max: 5, log });
  closers.add('keys pool', () => keysPool.end());
  const keys = openKeyStore({ pool: keysPool, masterKey: config.keysMasterKey });
  const eventStore = openEventStore({ url: config.eventstoreUrl, catalogue, keys, log });
  closers.add('event store', () => eventStore.dispose());
  await keys.ready();
  await foundLog(eventStore);

  const { writeApiHost, writeApiPort, readApiHost, readApiPort } = config;
  return {
    ...{ config, log, pool, keys, eventStore, closers },
    secrets: createSecrets(config),
    urls: {
      write: config.publicWriteUrl ?? `http://${writeApiHost}:${writeApiPort}`,
      read: config.publicReadUrl ?? `http://${readApiHost}:${readApiPort}`,
    },
    deriveKey: (purpose) => Buffer.from(hkdfSync('sha256', config.keysMasterKey, '', purpose, 32)),
    readiness: [
      { name: 'event-store', check: () => eventStore.ready() },
      { name: 'database', check: () => pool.query('select 1') },
      { name: 'keys-database', check: () => keysPool.query('select 1') },
    ],
  };
}
