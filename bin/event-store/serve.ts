import { z } from 'zod';
import { type ExitCode, exits } from '../ops/_cli/verb.ts';
import { keepHeapSmall } from './heap.ts';
import { ownPostgres, type Say, type Storage } from './own-postgres.ts';
import { securityOf, securityOptions } from './security.ts';
import { storageOf, storageOptions } from './storage.ts';
import { defineNodeVerb, type NodeRun } from './verb.ts';

const STOP_MS = 5_000;
const port = { error: 'is 0 to 65535' };

const input = z.strictObject({
  port: z.coerce
    .number(port)
    .int(port)
    .min(0, port)
    .max(65_535, port)
    .default(2113)
    .meta({ description: 'port to listen on, 0 for a free one', value: 'N' }),
  anyPort: z
    .boolean()
    .default(false)
    .meta({ description: 'take a free port when that one is taken' }),
  host: z
    .string()
    .min(1, { error: 'is empty' })
    .default('127.0.0.1')
    .meta({ description: 'address to listen on' }),
  startStandardProjections: z.boolean().default(false).meta({
    description:
      'switch on $by_category, $by_event_type, $streams and $by_correlation_id; they stay on in this log until a client disables them',
  }),
  ...storageOptions,
  ...securityOptions,
});

/** A log line per event on standard error; standard output is for READY alone. */
const logger =
  (json: boolean): Say =>
  (level, message, fields = {}) => {
    if (level === 'debug') return;
    const time = new Date().toISOString();
    const told = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
    const line = json
      ? JSON.stringify({ time, level, message, ...fields })
      : [time, level, message, ...told].join(' ');
    process.stderr.write(`${line}\n`);
  };

const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

/** Ctrl-C, SIGTERM, or the end of whoever started this process. */
const told = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('a signal'), { once: true });
    process.once('disconnect', () => resolve('the parent has gone'));
  });

async function serve({ input: asked, out, signal, env }: NodeRun<typeof input>): Promise<ExitCode> {
  keepHeapSmall();
  const { startEventStoreNode } = await import('../../embedded/event-store/index.ts');
  const log = logger(out.json);
  const storage = storageOf(asked, env);
  const security = await securityOf(asked, env, log);
  const ended = told(signal);
  const kept: Storage =
    storage.kind === 'folder'
      ? await ownPostgres(storage.folder, log)
      : { url: storage.url, stop: async () => undefined };
  const { host, startStandardProjections } = asked;
  const start = (wished: number) =>
    startEventStoreNode({
      ...{ databaseUrl: kept.url, host, port: wished, log, startStandardProjections },
      ...security,
    });
  try {
    const node = await start(asked.port).catch((error: unknown) => {
      if (!asked.anyPort || !isPortTaken(error)) throw error;
      log('warn', 'the port is taken, taking a free one', { port: asked.port });
      return start(0);
    });
    const ready = { type: 'ready', url: node.url, port: node.port };
    process.stdout.write(out.json ? `${JSON.stringify(ready)}\n` : `READY ${node.url}\n`);
    process.send?.(ready);
    log('info', 'stopping', { why: await ended });
    setTimeout(() => process.exit(1), STOP_MS).unref();
    await node.stop();
  } finally {
    await kept.stop();
  }
  return exits.well;
}

export const serveVerb = defineNodeVerb({
  name: 'serve',
  summary: "Answer EventStoreDB's gRPC protocol and keep the events in Postgres",
  description: `This is what runs when no verb is given. It prints READY and the address (with --json an
object { type, url, port }), over IPC as well, and ends with whoever started it. Log lines go to
standard error. With a certificate the port speaks TLS, and streams have access lists; without one
whoever reaches it may read and write everything.`,
  input,
  positional: [],
  finding:
    'the node did not start: the port or the log is in use, Postgres is not there, or clients could not use the certificate',
  examples: [
    {
      line: 'npm run event-store -- --port 2113 --data .events',
      does: 'a node with a Postgres of its own',
    },
    {
      line: 'npm run event-store -- serve --database-url postgresql://localhost/events --any-port',
      does: 'a node over a database that is there',
    },
    {
      line: 'npm run event-store -- --data .events --tls-cert node.crt --tls-key node.key --users users.json',
      does: 'TLS, with users who sign in',
    },
    {
      line: 'npm run event-store -- --data .events --start-standard-projections',
      does: 'the events of a category in one stream: $ce-enrollment',
    },
  ],
  run: async (run) => {
    try {
      return await serve(run);
    } catch (error) {
      const { UsageError } = await import('../start/options.ts');
      if (error instanceof UsageError) throw error;
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return exits.finding;
    }
  },
});
