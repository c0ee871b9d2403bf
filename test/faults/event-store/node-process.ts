import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EventStoreDBClient } from '@eventstore/db-client';
import { z } from 'zod';
import { createGate } from './gate.ts';
import { within } from './patience.ts';

/**
 * Connections to one life of the node. The appends that go over BatchAppend have one client for all:
 * its table of open appends belongs to the module, so that the end of one client's stream rejects
 * the appends of every other, and an answer to one of those then throws.
 */
export type Connections = {
  readonly batch: EventStoreDBClient;
  readonly classic: EventStoreDBClient;
  readonly subscribers: EventStoreDBClient;
};

export type NodeProcess = {
  /** Of the node that is up; while none is, of the next one. */
  connections(): Promise<Connections>;
  readonly pid: number | undefined;
  /** `http://host:port` of the node that is up. */
  readonly httpUrl: string | undefined;
  readonly starts: number;
  /** Everything it has logged. */
  readonly lines: readonly string[];
  /** Ends of a node that was up and that nobody had killed. */
  readonly ownEnds: readonly string[];
  /** Also while it starts. How many processes that hit: none between two lives. */
  kill(): number;
  stop(): Promise<void>;
};

const script = fileURLToPath(new URL('../../../bin/event-store.ts', import.meta.url));
const readyMessage = z.object({ url: z.string(), port: z.number() });
const RETRY_MS = 50;
/** Longer than any fault lasts. */
const PATIENCE_MS = 60_000;

/**
 * The node as a process of its own, started again whenever it ends. Each life has another port: at
 * the old one grpc-js would wait out its back-off, a second and more, which kills want to fill.
 * `storage` are the options that say where its log is.
 */
export const superviseNode = async (storage: readonly string[]): Promise<NodeProcess> => {
  const up = createGate<{ connections: Connections; httpUrl: string }>();
  const lines: string[] = [];
  const ownEnds: string[] = [];
  let child: ChildProcess | undefined;
  let starts = 0;
  let stopping = false;

  const neverUp = (): Error =>
    new Error(`no node was up for ${PATIENCE_MS} ms:\n${lines.slice(-20).join('\n')}`);

  const liveOnce = async (): Promise<void> => {
    const started = fork(script, ['--port', '0', ...storage], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child = started;
    if (started.stderr) createInterface(started.stderr).on('line', (line) => lines.push(line));
    let wasUp = false;
    started.once('message', (message) => {
      const { url, port } = readyMessage.parse(message);
      wasUp = true;
      starts += 1;
      up.open({ connections: connect(url), httpUrl: `http://127.0.0.1:${port}` });
    });
    const [code, signal] = await once(started, 'exit');
    up.shut();
    if (wasUp && !stopping && !started.killed) ownEnds.push(`ended by itself: ${signal ?? code}`);
    // Refused at its start: Postgres is down, or still has the session of the node before.
    if (!wasUp) await delay(RETRY_MS);
  };
  const supervising = (async () => {
    while (!stopping) await liveOnce();
  })().catch((error: Error) => up.fail(error));
  await up.passed();

  return {
    connections: async () => (await within(PATIENCE_MS, up.passed(), neverUp)).connections,
    get pid() {
      return child?.pid;
    },
    get httpUrl() {
      return up.now?.httpUrl;
    },
    get starts() {
      return starts;
    },
    lines,
    ownEnds,
    kill() {
      // Nobody is to be sent to the dead between this and the news of its end.
      up.shut();
      return child?.killed === false && child.kill('SIGKILL') ? 1 : 0;
    },
    async stop() {
      stopping = true;
      const open = up.now?.connections;
      if (child?.connected) child.disconnect();
      await supervising;
      for (const client of Object.values(open ?? {})) await client.dispose();
    },
  };
};

const connect = (url: string): Connections => {
  const client = () => EventStoreDBClient.connectionString(url);
  return { batch: client(), classic: client(), subscribers: client() };
};
