import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startStripeSandbox } from '../embedded/stripe-sandbox/index.ts';

const HELP = `Usage: node bin/stripe-sandbox.ts --database-url URL [options]

Runs the Stripe sandbox alone. Prints "READY http://…" once it answers.

  --database-url URL      Postgres for its schema stripe_sandbox   [DATABASE_URL]
  --port N                port; 0 takes a free one (default 12111)
  --host HOST             address to listen on (default 127.0.0.1)
  --webhook-url URL       where events go; may be given several times
  --webhook-secret S      whsec_… that signs them; one for each --webhook-url
                                                                   [STRIPE_WEBHOOK_SECRET]
  --webhook-events LIST   the events they want, with commas between them (default all)
  --secret-key KEY        sk_test_… of the server; made up if missing [STRIPE_SECRET_KEY]
  --publishable-key KEY   pk_test_… of the browser; made up if missing [STRIPE_PUBLISHABLE_KEY]
  --json                  print READY and the log as JSON lines
  --help                  this text
`;

const schema = z
  .strictObject({
    'database-url': z.url({ protocol: /^postgres(ql)?$/ }),
    port: z.coerce.number().int().min(0).max(65_535).default(12_111),
    host: z.string().default('127.0.0.1'),
    'webhook-url': z.array(z.url({ protocol: /^https?$/ })).default([]),
    'webhook-secret': z.array(z.string().startsWith('whsec_')).default([]),
    'webhook-events': z
      .string()
      .transform((list) => list.split(',').map((name) => name.trim()))
      .pipe(z.array(z.string().regex(/^(\*|[a-z_.]+)$/)).min(1))
      .default(['*']),
    'secret-key': z.string().startsWith('sk_test_'),
    'publishable-key': z.string().startsWith('pk_test_'),
    json: z.boolean().default(false),
  })
  .refine((given) => given['webhook-url'].length === given['webhook-secret'].length, {
    path: ['webhook-secret'],
    error: 'give one for each --webhook-url',
  });
type Settings = z.infer<typeof schema>;

if (import.meta.main) {
  const settings = readSettings();
  if (settings !== undefined) await run(settings);
}

function readSettings(): Settings | undefined {
  const { env } = process;
  try {
    const { values } = parseArgs({
      options: {
        'database-url': { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        'webhook-url': { type: 'string', multiple: true },
        'webhook-secret': { type: 'string', multiple: true },
        'webhook-events': { type: 'string' },
        'secret-key': { type: 'string' },
        'publishable-key': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    const { help, ...given } = values;
    if (help === true) {
      process.stdout.write(HELP);
      return undefined;
    }
    const secret = env['STRIPE_WEBHOOK_SECRET'];
    return schema.parse({
      'database-url': env['DATABASE_URL'],
      'secret-key': env['STRIPE_SECRET_KEY'] ?? madeUp('sk_test'),
      'publishable-key': env['STRIPE_PUBLISHABLE_KEY'] ?? madeUp('pk_test'),
      ...(given['webhook-url'] !== undefined && secret !== undefined
        ? { 'webhook-secret': given['webhook-url'].map(() => secret) }
        : {}),
      ...given,
    });
  } catch (error) {
    const problems =
      error instanceof z.ZodError
        ? error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`)
        : [error instanceof Error ? error.message : String(error)];
    process.stderr.write(`${problems.join('\n')}\n\n${HELP}`);
    process.exitCode = 2;
    return undefined;
  }
}

function madeUp(prefix: string): string {
  return `${prefix}_${randomBytes(18).toString('base64url').replaceAll(/[-_]/g, 'x')}`;
}

async function run(given: Settings): Promise<void> {
  const sandbox = await startStripeSandbox({
    databaseUrl: given['database-url'],
    host: given.host,
    port: given.port,
    secretKey: given['secret-key'],
    publishableKey: given['publishable-key'],
    webhooks: given['webhook-url'].map((url, index) => ({
      url,
      secret: given['webhook-secret'][index] ?? '',
      events: given['webhook-events'],
    })),
    log: (level, message, fields) => {
      const line = given.json
        ? JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })
        : `${level} ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`;
      process.stderr.write(`${line}\n`);
    },
  });
  announce(given, sandbox.url);

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    // The event loop is empty after it: the process ends by itself.
    void sandbox.stop().then(() => {
      if (process.connected) process.disconnect?.();
    });
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // A parent that died takes us along.
  process.once('disconnect', stop);
}

function announce(given: Settings, url: string): void {
  const { 'secret-key': secretKey, 'publishable-key': publishableKey } = given;
  if (given.json) {
    process.stdout.write(`${JSON.stringify({ ready: true, url, secretKey, publishableKey })}\n`);
    return;
  }
  process.stdout.write(
    `READY ${url}\n  secret key       ${secretKey}\n  publishable key  ${publishableKey}\n`,
  );
}
