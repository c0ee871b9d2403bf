/**
 * The event store node as a process of its own. `--help` says what it takes.
 *
 * Over IPC it reports `{ type: 'ready', url, port }` and ends when the channel closes, so that it
 * never outlives whoever started it.
 */
import { enableCompileCache } from 'node:module';
import { parseArgs } from 'node:util';

// Before the big imports, which therefore come later and dynamically.
enableCompileCache();

const USAGE = `Usage: event-store [options]

Answers EventStoreDB's gRPC protocol and keeps the events in Postgres.

  --port N             port to listen on, 0 for a free one (default 2113)
  --any-port           take a free port when that one is taken
  --host HOST          address to listen on (default 127.0.0.1)
  --database-url URL   the Postgres database to keep the events in (or DATABASE_URL)
  --data DIR           run a Postgres of its own in this folder instead
  --json               one JSON object per line, on stdout and in the log (stderr)
  --help               this text
`;

const STOP_MS = 5_000;

type Flags = {
  port: number;
  anyPort: boolean;
  host: string;
  json: boolean;
  storage: { kind: 'database'; url: string } | { kind: 'folder'; folder: string };
};

/** What the caller got wrong, for the caller to read. */
class UsageError extends Error {
  override name = 'UsageError';
}

const readFlags = async (args: string[], environment: NodeJS.ProcessEnv): Promise<Flags> => {
  const { z } = await import('zod');
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const parse = () => {
    try {
      return parseArgs({
        args,
        options: {
          port: text,
          host: text,
          data: text,
          'database-url': text,
          'any-port': flag,
          json: flag,
        },
      }).values;
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error), {
        cause: error,
      });
    }
  };
  const schema = z.object({
    port: z
      .string()
      .default('2113')
      .refine((value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535, 'is 0 to 65535')
      .transform(Number),
    host: z.string().min(1, 'is empty').default('127.0.0.1'),
    data: z.string().min(1, 'is empty').optional(),
    'database-url': z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'is a URL: postgresql://user:password@host:port/database')
      .optional(),
    'any-port': z.boolean(),
    json: z.boolean(),
  });
  const given = parse();
  if (given.data !== undefined && given['database-url'] !== undefined) {
    throw new UsageError('--data and --database-url exclude each other: say where the events live');
  }
  const fallback =
    given.data === undefined && environment['DATABASE_URL']
      ? { 'database-url': environment['DATABASE_URL'] }
      : {};
  const read = schema.safeParse({ ...fallback, ...given });
  if (!read.success) {
    const wrong = read.error.issues.map((issue) => `--${issue.path.join('.')} ${issue.message}`);
    throw new UsageError(wrong.join('\n'));
  }
  const { port, host, json, data } = read.data;
  const url = read.data['database-url'];
  const common = { port, host, json, anyPort: read.data['any-port'] };
  if (data !== undefined) return { ...common, storage: { kind: 'folder', folder: data } };
  if (url !== undefined) return { ...common, storage: { kind: 'database', url } };
  throw new UsageError('say where the events live: --database-url URL, DATABASE_URL or --data DIR');
};

type Level = 'debug' | 'info' | 'warn' | 'error';
type Logger = (level: Level, message: string, fields?: Record<string, unknown>) => void;

const logger =
  (json: boolean): Logger =>
  (level, message, fields = {}) => {
    if (level === 'debug') return;
    const time = new Date().toISOString();
    const line = json
      ? JSON.stringify({ time, level, message, ...fields })
      : [
          time,
          level,
          message,
          ...Object.entries(fields).map(([key, value]) => `${key}=${value}`),
        ].join(' ');
    process.stderr.write(`${line}\n`);
  };

type Storage = { readonly url: string; stop(): Promise<void> };

/** A Postgres of the node's own. When it dies it is started again, and the node reconnects. */
const ownPostgres = async (folder: string, log: Logger): Promise<Storage> => {
  const { startPostgres } = await import('../embedded/postgres/index.ts');
  const start = (port: number) =>
    startPostgres({
      dataDir: folder,
      port,
      log: (line) => log('debug', 'postgres', { line }),
    });
  let postgres = await start(0);
  let stopping = false;
  const watch = (): void => {
    void postgres.exited.then(async ({ expected, code, signal }) => {
      if (expected || stopping) return;
      log('error', 'Postgres ended, starting it again', { code, signal });
      try {
        postgres = await start(postgres.port);
        if (stopping) await postgres.stop();
        else watch();
      } catch (error) {
        log('error', 'Postgres does not start again', { reason: String(error) });
        process.exit(1);
      }
    });
  };
  watch();
  return {
    url: await postgres.createDatabase('event_store'),
    async stop() {
      stopping = true;
      await postgres.stop();
    },
  };
};

const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

const serve = async (flags: Flags, log: Logger): Promise<void> => {
  const { startEventStoreNode } = await import('../embedded/event-store/index.ts');
  const { storage, host, port } = flags;
  const kept: Storage =
    storage.kind === 'folder'
      ? await ownPostgres(storage.folder, log)
      : { url: storage.url, stop: async () => undefined };
  const start = (wished: number) =>
    startEventStoreNode({ databaseUrl: kept.url, host, port: wished, log });
  let stopping = false;
  try {
    const node = await start(port).catch((error: unknown) => {
      if (!flags.anyPort || !isPortTaken(error)) throw error;
      log('warn', 'the port is taken, taking a free one', { port });
      return start(0);
    });
    const stop = async (why: string): Promise<void> => {
      if (stopping) return;
      stopping = true;
      log('info', 'stopping', { why });
      setTimeout(() => process.exit(1), STOP_MS).unref();
      await node.stop();
      await kept.stop();
      process.exit(0);
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => void stop(signal));
    }
    process.on('disconnect', () => void stop('the parent has gone'));
    const ready = { type: 'ready', url: node.url, port: node.port };
    process.stdout.write(flags.json ? `${JSON.stringify(ready)}\n` : `READY ${node.url}\n`);
    process.send?.(ready);
  } catch (error) {
    await kept.stop();
    throw error;
  }
};

const main = async (args: string[]): Promise<void> => {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return;
  }
  try {
    const flags = await readFlags(args, process.env);
    await serve(flags, logger(flags.json));
  } catch (error) {
    const usage = error instanceof UsageError ? '\nevent-store --help says more.' : '';
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${usage}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  }
};

if (import.meta.main) await main(process.argv.slice(2));
