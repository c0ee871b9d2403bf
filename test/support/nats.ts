import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EmbeddedNats,
  findNatsServer,
  type NatsServer,
  startNats,
} from '../../embedded/nats/index.ts';
import { removeFolder } from './remove-folder.ts';

/** Kept between runs, so that a machine fetches it once. */
const CACHE = join(tmpdir(), 'pawprint-nats-server');

/**
 * The nats-server for specs: `$NATS_SERVER`, the PATH, or fetched once into a cache. null where none
 * can be had; the reason was printed then, and the spec is skipped.
 */
export async function natsServerForSpecs(): Promise<NatsServer | null> {
  const lines: string[] = [];
  const server = await findNatsServer({
    env: process.env,
    dataDir: CACHE,
    allowFetch: true,
    log: (line) => lines.push(line),
  });
  if (server === null) {
    console.warn(`skipped, there is no nats-server here: ${lines.join('; ') || 'NATS_SERVER=off'}`);
  }
  return server;
}

export type TestNats = {
  readonly url: string;
  readonly port: number;
  pid(): number;
  /** Kills the server as a crash does, and waits until it is gone. */
  crash(): Promise<void>;
  /** Starts it again, on its data and its port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/** A server on a folder of its own, which is removed at the end. */
export async function startTestNats({ path }: NatsServer): Promise<TestNats> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pawprint-nats-'));
  let server: EmbeddedNats = await startNats({ path, dataDir });
  const { url, port } = server;
  return {
    url,
    port,
    pid: () => server.pid,
    crash: async () => {
      server.kill('SIGKILL');
      await server.exited;
    },
    restart: async () => {
      server = await startNats({ path, dataDir, port });
    },
    stop: async () => {
      await server.stop();
      removeFolder(dataDir);
    },
  };
}
