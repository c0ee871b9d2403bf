import { join } from 'node:path';
import { z } from 'zod';
import { type NatsServer, startNats } from '../../embedded/nats/index.ts';
import { startPostgres } from '../../embedded/postgres/index.ts';
import {
  definePart,
  type endsWithParent,
  inProcess,
  type Part,
  type PartContext,
  type Secrets,
  startNodeChild,
} from '../../embedded/supervisor/index.ts';
import { followedEvents } from '../../sagas/follow-stripe/events.ts';
import { LARGE_BLOCKS } from '../event-store/heap.ts';
import { partsHere, type StartOptions } from './options.ts';
import type { PortName } from './ports.ts';

const bin = join(import.meta.dirname, '..');

type Setting = {
  options: StartOptions;
  portOf: (name: PortName) => number;
  /** Those of the data folder; what the environment sets comes first. */
  secrets: Secrets;
  /** See `endsWithParent`. */
  wrap: ReturnType<typeof endsWithParent>;
  /** null: no bus in this run. */
  natsServer: NatsServer | null;
  /** Where the roles find everything, if not where it is: tests put proxies in between. */
  reach?: (variables: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
};

/** Where everything is, for the table a person sees and for the line a program reads. */
export type Addresses = {
  writeUrl: string;
  readUrl: string;
  eventStoreUrl: string;
  databaseUrl: string;
  /** The same database as an analyst; undefined: it is not ours to say who comes in. */
  analystUrl: string | undefined;
  stripeUrl: string | undefined;
  mailboxUrl: string | undefined;
  natsUrl: string | undefined;
};

/**
 * The parts of the one-machine platform and what each needs. A part whose variable is set lives
 * elsewhere and is not in the table.
 */
export function platformParts(setting: Setting): {
  parts: Part<unknown>[];
  addresses(): Addresses;
  /** What the roles are told of where everything is, by the names of the configuration. */
  variables(): Readonly<Record<string, string>>;
} {
  const { env } = setting.options;
  const here = partsHere(env);

  const postgres = postgresPart(setting);
  const eventStore = eventStorePart(setting, postgres);
  const sandbox = sandboxPart(setting, postgres);
  const mailbox = mailboxPart(setting);
  const nats = setting.natsServer === null ? null : natsPart(setting, setting.natsServer);
  const embedded = [
    ...(here.postgres ? [postgres] : []),
    ...(here.eventStore ? [eventStore] : []),
    ...(here.sandbox ? [sandbox] : []),
    ...(here.mailbox ? [mailbox] : []),
    ...(nats === null ? [] : [nats]),
  ];

  const url = (database: string) => postgres.value().url(database);
  const addresses = (): Addresses => ({
    writeUrl: `http://127.0.0.1:${setting.portOf('write-api')}`,
    readUrl: `http://127.0.0.1:${setting.portOf('read-api')}`,
    eventStoreUrl: env.EVENTSTORE_URL ?? eventStore.value().url,
    databaseUrl: env.DATABASE_URL ?? url('pawprint'),
    analystUrl: env.DATABASE_URL === undefined ? asAnalyst(setting, url('pawprint')) : undefined,
    stripeUrl: here.sandbox ? sandbox.value().url : env.STRIPE_API_BASE,
    mailboxUrl: here.mailbox ? mailbox.value().httpUrl : undefined,
    natsUrl: env.NATS_URL ?? nats?.value().url,
  });
  const variables = (): Record<string, string> => ({
    ...(here.sandbox ? { STRIPE_API_BASE: sandbox.value().url } : {}),
    ADMIN_EMAIL: env.ADMIN_EMAIL,
    DATA_DIR: setting.options.dataDir,
    WRITE_API_PORT: String(setting.portOf('write-api')),
    READ_API_PORT: String(setting.portOf('read-api')),
    EVENTSTORE_URL: addresses().eventStoreUrl,
    DATABASE_URL: addresses().databaseUrl,
    KEYS_DATABASE_URL: env.KEYS_DATABASE_URL ?? url('pawprint_keys'),
    SMTP_URL: env.SMTP_URL ?? mailbox.value().smtpUrl,
    ...(nats === null ? {} : { NATS_URL: nats.value().url }),
  });
  const roleEnvironment = (): Record<string, string> => ({
    ...ownSecrets(setting),
    ...stripeKeys(setting),
    ...(setting.reach?.(variables()) ?? variables()),
  });
  const role = (name: string, title: string, roles: string) =>
    definePart({
      name,
      title,
      needs: embedded,
      start: (context) =>
        child(setting, context, {
          script: 'role.ts',
          nodeFlags: roomForNewObjects,
          args: ['--role', roles],
          env: roleEnvironment(),
          ready: z.object({}),
        }),
    });
  return {
    parts: [
      ...embedded,
      role('write-api', 'write API', 'write-api'),
      role(
        'read-api',
        'read API, projections, sagas, exporters',
        'read-api,projections,sagas,exporters',
      ),
    ],
    addresses,
    variables,
  };
}

function postgresPart({ options, portOf }: Setting) {
  return definePart({
    name: 'postgres',
    title: 'Postgres',
    stopPatienceMs: 15_000,
    async start({ log }) {
      const dataDir = join(options.dataDir, 'postgres');
      const server = await startPostgres({ dataDir, port: portOf('postgres'), log });
      const databases = ['pawprint', 'pawprint_keys', 'event_store', 'stripe_sandbox'];
      await Promise.all(databases.map((name) => server.createDatabase(name)));
      for (const name of ['postgres', 'template1']) await server.sealDatabase(name);
      return {
        value: server,
        pid: server.pid,
        exited: server.exited,
        stop: server.stop,
        kill: server.kill,
      };
    },
  });
}

type Postgres = ReturnType<typeof postgresPart>;

function eventStorePart(setting: Setting, postgres: Postgres) {
  let port = setting.portOf('event-store');
  return definePart({
    name: 'event-store',
    title: 'event store',
    needs: [postgres],
    async start(context) {
      // At a restart its clients know where it is: that port and no other.
      const anyPort = context.attempt === 1 ? ['--any-port'] : [];
      const running = await child(setting, context, {
        script: 'event-store.ts',
        args: ['--json', '--port', String(port), ...anyPort],
        // Not an argument: everybody on the machine may read those of a process.
        env: { DATABASE_URL: postgres.value().url('event_store'), ...LARGE_BLOCKS },
        ready: z.object({ url: z.string(), port: z.int() }),
      });
      port = running.value.port;
      return running;
    },
  });
}

function sandboxPart({ portOf, secrets }: Setting, postgres: Postgres) {
  return definePart({
    name: 'stripe-sandbox',
    title: 'Stripe sandbox',
    needs: [postgres],
    async start({ log }) {
      const { startStripeSandbox } = await import('../../embedded/stripe-sandbox/index.ts');
      const hook = `http://127.0.0.1:${portOf('write-api')}/v1/webhooks/stripe`;
      const sandbox = await startStripeSandbox({
        databaseUrl: postgres.value().url('stripe_sandbox'),
        port: portOf('stripe-sandbox'),
        secretKey: secrets.STRIPE_SECRET_KEY,
        publishableKey: secrets.STRIPE_PUBLISHABLE_KEY,
        webhooks: [{ url: hook, secret: secrets.STRIPE_WEBHOOK_SECRET, events: followedEvents }],
        log: (level, message, fields) => log(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
      });
      return inProcess(sandbox, () => sandbox.stop());
    },
  });
}

function mailboxPart({ options, portOf }: Setting) {
  return definePart({
    name: 'mailbox',
    title: 'mailbox',
    async start({ log }) {
      const { startMailbox } = await import('../../embedded/mailbox/index.ts');
      const mailbox = await startMailbox({
        directory: join(options.dataDir, 'mailbox'),
        smtpPort: portOf('mailbox-smtp'),
        httpPort: portOf('mailbox-http'),
        log,
      });
      return inProcess(mailbox, () => mailbox.stop());
    },
  });
}

/** Its clients know where it is, so at a restart it is on the same port. */
function natsPart({ options, portOf }: Setting, { path, version }: NatsServer) {
  return definePart({
    name: 'nats',
    title: `NATS ${version}`,
    async start({ log }) {
      const dataDir = join(options.dataDir, 'nats');
      const nats = await startNats({ path, dataDir, port: portOf('nats'), log });
      const { pid, exited, stop, kill } = nats;
      return { value: nats, pid, exited, stop, kill };
    },
  });
}

/** In a database of somebody else, only who says so gets a role that logs in. */
function ownSecrets({ secrets, options: { env } }: Setting): Record<string, string> {
  const withheld = (name: string): boolean =>
    name.startsWith('STRIPE_') || (name === 'ANALYST_PASSWORD' && env.DATABASE_URL !== undefined);
  return Object.fromEntries(Object.entries(secrets).filter(([name]) => !withheld(name)));
}

function asAnalyst({ secrets, options: { env } }: Setting, databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.username = env.ANALYST_ROLE;
  url.password = secrets.ANALYST_PASSWORD;
  return url.href;
}

/**
 * With Stripe itself, all three come from the person: a webhook secret of ours would let nothing in,
 * and a role that misses one says so.
 */
function stripeKeys({ secrets, options }: Setting): Record<string, string> {
  if (options.env.STRIPE_SECRET_KEY !== undefined) return {};
  const { STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET } = secrets;
  return { STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET };
}

/**
 * glibc raises the size from which a block has pages of its own to that of the largest block that was
 * freed: after the first password (Argon2, 19 MiB) such blocks are kept by the threads that had them,
 * more than 100 MiB of a write API for good. A size that is set is not raised. (malloc(3), mallopt(3).)
 */
const memoryGoesBack = { MALLOC_MMAP_THRESHOLD_: '262144' };

/**
 * What a request or a batch of events makes is garbage when it is answered. V8 begins with room for
 * 1 MB of new objects, collects each time it is full, and keeps as old what was in flight just then.
 * No less and no more than this: a process in trouble is not to grow by what it was given to grow into.
 */
const roomForNewObjects = ['--min-semi-space-size=16', '--max-semi-space-size=16'];

function child<Value>(
  setting: Setting,
  context: PartContext,
  spec: {
    script: string;
    args: string[];
    nodeFlags?: readonly string[];
    env?: Record<string, string>;
    ready: z.ZodType<Value>;
  },
) {
  return startNodeChild({
    ...spec,
    script: join(bin, spec.script),
    env: {
      ...memoryGoesBack,
      ...spec.env,
      // Before the child's first line, unlike a call in it. One that is set serves several folders.
      NODE_COMPILE_CACHE:
        process.env['NODE_COMPILE_CACHE'] ?? join(setting.options.dataDir, 'compile-cache'),
    },
    wrap: setting.wrap,
    context,
    onLine: context.log,
  });
}
