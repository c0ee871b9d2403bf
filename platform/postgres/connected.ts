import type { Logger } from '../log/index.ts';
import { createPool, type Database, type Queryable } from './index.ts';
import { type Listener, listen } from './listen.ts';
import { type LockSession, type LockSessionOptions, openLockSession } from './lock-session.ts';

/** A session that holds locks, as the sagas' consumer uses it. */
export type FencedSession = Pick<LockSession, 'lost' | 'transaction' | 'close'> & {
  readonly client: Queryable;
};

/**
 * What a role does with its database: statements, sessions that hold locks, and what it is told. The
 * simulation (test/simulation) puts one in its place that obeys its own clock and may break.
 */
export type ConnectedDatabase = {
  readonly pool: Database;
  openLockSession(options: Omit<LockSessionOptions, 'url'>): Promise<FencedSession>;
  listen(options: Omit<Parameters<typeof listen>[0], 'url' | 'log'>): Listener;
  end(): Promise<void>;
};

/** A database by its address, for those who look rows up by key. `name` is that of the pool. */
export function connectDatabase(options: {
  url: string;
  name: string;
  max: number;
  log: Logger;
}): ConnectedDatabase {
  const { url, log } = options;
  const pool = createPool({ ...options, byKey: true });
  return {
    pool,
    openLockSession: (session) => openLockSession({ url, ...session }),
    listen: (channel) => listen({ url, log, ...channel }),
    end: () => pool.end(),
  };
}
