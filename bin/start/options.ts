import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

export const usage = `npm start                       everything on this machine, data in .data
npm start -- --data DIR         data in another folder
npm start -- --verbose          every log line on the terminal, not the warnings alone
npm start -- --json             one JSON line per event, for programs
npm start -- --demo             plays a season through the APIs, prints what it came to, keeps serving
npm start -- --demo --once      the same, then stops; exit code 1 when the books have a difference
npm start -- --demo --plant-break   takes a cent from a payment, for the books to find
npm start -- --help

Set the variable of a part and its embedded stand-in is not started: EVENTSTORE_URL, DATABASE_URL,
KEYS_DATABASE_URL, NATS_URL, STRIPE_API_BASE, SMTP_URL, or STRIPE_SECRET_KEY with STRIPE_PUBLISHABLE_KEY and
STRIPE_WEBHOOK_SECRET. All variables: .env.example.
Ports: WRITE_API_PORT, READ_API_PORT, and of the embedded parts POSTGRES_PORT, EVENTSTORE_PORT,
STRIPE_SANDBOX_PORT, MAILBOX_SMTP_PORT, MAILBOX_HTTP_PORT, NATS_PORT (0: any free one).

NATS_SERVER is the nats-server to run, or "off"; left out, it is the one on the PATH, or one that is
fetched in the background for the next start.
`;

/** The command line or a variable is not usable; the message is for the person who wrote it. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const flags = z.strictObject({
  data: z.string().min(1, { error: 'expected a folder after --data' }).optional(),
  json: z.boolean().default(false),
  verbose: z.boolean().default(false),
  demo: z.boolean().default(false),
  'plant-break': z.boolean().default(false),
  once: z.boolean().default(false),
  help: z.boolean().default(false),
});

const port = z.coerce
  .number({ error: 'expected a port number' })
  .int({ error: 'expected a port number' })
  .min(0, { error: 'expected a port from 0 (any free one) to 65535' })
  .max(65_535, { error: 'expected a port from 0 (any free one) to 65535' })
  .optional();

/** What decides here which parts are started, and where. The roles read all of it themselves. */
const environment = z.object({
  DATA_DIR: z.string().default('.data'),
  EVENTSTORE_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  KEYS_DATABASE_URL: z.string().optional(),
  STRIPE_SECRET_KEY: z.string().optional(),
  STRIPE_PUBLISHABLE_KEY: z.string().optional(),
  STRIPE_WEBHOOK_SECRET: z.string().optional(),
  STRIPE_API_BASE: z.string().optional(),
  SMTP_URL: z.string().optional(),
  NATS_URL: z.string().optional(),
  NATS_SERVER: z.string().optional(),
  ADMIN_EMAIL: z.string().default('admin@pawprint.example'),
  ANALYST_ROLE: z.string().default('pawprint_analyst'),
  WRITE_API_PORT: port,
  READ_API_PORT: port,
  POSTGRES_PORT: port,
  EVENTSTORE_PORT: port,
  STRIPE_SANDBOX_PORT: port,
  MAILBOX_SMTP_PORT: port,
  MAILBOX_HTTP_PORT: port,
  NATS_PORT: port,
});

export type StartEnvironment = z.output<typeof environment>;
export type StartOptions = Omit<z.output<typeof flags>, 'data'> & {
  dataDir: string;
  env: StartEnvironment;
};

export function readOptions(
  argv: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): StartOptions {
  const { data, ...rest } = parseNamed(flags, readFlags(argv), (key) => `--${key}`);
  // An empty variable counts as unset, as everywhere.
  const set = Object.entries(variables).filter(([, value]) => value !== undefined && value !== '');
  const env = parseNamed(environment, Object.fromEntries(set), (key) => key);
  if (!rest.help) {
    refuseHalfOfStripe(env);
    refuseDemoWithout(rest, env);
  }
  return { ...rest, env, dataDir: resolve(data ?? env.DATA_DIR) };
}

/** Which embedded parts run here: those whose variable does not say that they are elsewhere. */
export function partsHere(env: StartEnvironment) {
  const sandbox = env.STRIPE_SECRET_KEY === undefined && env.STRIPE_API_BASE === undefined;
  const needPostgres = [env.DATABASE_URL, env.KEYS_DATABASE_URL, env.EVENTSTORE_URL];
  return {
    postgres: sandbox || needPostgres.includes(undefined),
    eventStore: env.EVENTSTORE_URL === undefined,
    sandbox,
    mailbox: env.SMTP_URL === undefined,
    /** Where a nats-server can be had. */
    nats: env.NATS_URL === undefined && env.NATS_SERVER !== 'off',
  };
}

/** The three come from one account of Stripe: one of ours beside two of it would let nothing in. */
function refuseHalfOfStripe(env: StartEnvironment): void {
  if (env.STRIPE_SECRET_KEY === undefined) return;
  const missing = (['STRIPE_PUBLISHABLE_KEY', 'STRIPE_WEBHOOK_SECRET'] as const).filter(
    (name) => env[name] === undefined,
  );
  if (missing.length === 0) return;
  throw new UsageError(
    `STRIPE_SECRET_KEY is set, so payments go to Stripe: set ${missing.join(' and ')} of the same account too, or unset STRIPE_SECRET_KEY to use the sandbox.`,
  );
}

/** The season pays with the sandbox's cards, and stands in its files: what goes with nothing says so. */
function refuseDemoWithout(options: z.output<typeof flags>, env: StartEnvironment): void {
  const { demo } = options;
  const alone = (['plant-break', 'once'] as const).find((flag) => options[flag]);
  if (!demo && alone !== undefined) {
    throw new UsageError(`--${alone} is about the demo: npm start -- --demo --${alone}`);
  }
  if (demo && !partsHere(env).sandbox) {
    throw new UsageError(
      '--demo pays with made-up cards, so it needs the Stripe sandbox: unset STRIPE_SECRET_KEY and STRIPE_API_BASE.',
    );
  }
}

function readFlags(argv: readonly string[]): Record<string, unknown> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      strict: true,
      options: {
        data: { type: 'string' },
        json: { type: 'boolean' },
        verbose: { type: 'boolean' },
        demo: { type: 'boolean' },
        'plant-break': { type: 'boolean' },
        once: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return { ...values };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${message}\n\n${usage}`, { cause });
  }
}

/** Parses with a schema; every problem is told under the name by which the person knows it. */
export function parseNamed<S extends z.ZodType>(
  schema: S,
  input: unknown,
  nameOf: (key: string) => string,
): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const lines = result.error.issues.map(
    (issue) => `${nameOf(String(issue.path[0] ?? ''))}: ${issue.message}`,
  );
  throw new UsageError(lines.join('\n'));
}
