import type { AddressInfo } from 'node:net';
import { mountControl } from './control/routes.ts';
import type { Deps } from './http/execute.ts';
import { ROUTES } from './http/routes.ts';
import { createServer } from './http/server.ts';
import { startLoop } from './loop.ts';
import { startSettlement } from './resources/settlement.ts';
import { pruneKeys } from './store/idempotency.ts';
import { migrate } from './store/migrate.ts';
import { createPool, type Log } from './store/pool.ts';
import { startDeliverer } from './webhooks/deliverer.ts';
import { syncEndpoints, type WebhookOptions } from './webhooks/endpoints.ts';

export type { Log, LogLevel } from './store/pool.ts';
export type { WebhookOptions } from './webhooks/endpoints.ts';

export type StripeSandboxOptions = {
  /** A Postgres database; the sandbox keeps to its schema `stripe_sandbox`. */
  databaseUrl: string;
  host?: string;
  /** 0 (the default) takes a free port. */
  port?: number;
  secretKey: string;
  publishableKey: string;
  webhooks: readonly WebhookOptions[];
  log?: Log;
};
export type StripeSandbox = { url: string; port: number; stop(): Promise<void> };

const HOUR_MS = 60 * 60 * 1000;

/**
 * Starts the sandbox. It lives through restarts of its database: it answers 503 meanwhile and
 * goes on with deliveries afterwards.
 */
export async function startStripeSandbox(options: StripeSandboxOptions): Promise<StripeSandbox> {
  const log = options.log ?? (() => undefined);
  const host = options.host ?? '127.0.0.1';
  const pool = createPool(options.databaseUrl, log);
  try {
    await migrate(pool);
    await syncEndpoints(pool, options.webhooks);
  } catch (error) {
    await pool.end();
    throw error;
  }

  let url = '';
  const deliverer = startDeliverer(pool, log);
  const settlement = startSettlement(pool, log, deliverer.wake);
  const pruning = startLoop({
    name: 'pruning of idempotency keys',
    log,
    idleMs: HOUR_MS,
    async turn() {
      await pruneKeys(pool);
      return HOUR_MS;
    },
  });
  const wake = () => {
    deliverer.wake();
    settlement.wake();
  };
  const deps: Deps = { pool, keys: options, log, baseUrl: () => url, wake };
  const app = createServer(deps, ROUTES);
  mountControl(app, { pool, wake });

  async function stop(): Promise<void> {
    await app.close();
    await Promise.all([settlement.stop(), pruning.stop()]);
    await deliverer.stop();
    await pool.end();
  }

  try {
    await app.listen({ host, port: options.port ?? 0 });
  } catch (error) {
    await stop();
    throw error;
  }
  const { port } = app.server.address() as AddressInfo;
  // A wildcard address is for listening, not for calling.
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  url = `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
  return { url, port, stop };
}
