import { isIP } from 'node:net';
import { z } from 'zod';
import { crashMoments, parseCrashAt } from '../crash-points/table.ts';

/**
 * Every variable of the environment that the platform reads, with its default and its meaning. The
 * file `.env.example` and the configuration page are generated from this table.
 */
const url = (...protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `expected a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });

/** A cluster is a list of hosts, which is no URL to anybody but the client. */
const EVENTSTORE_URL =
  /^esdb(\+discover)?:\/\/([^\s:@/]+:[^\s@]*@)?[\w.-]+(:\d{1,5})?(,[\w.-]+(:\d{1,5})?)*\/?(\?\S*)?$/;
const eventStoreUrl = z.string().regex(EVENTSTORE_URL, {
  error:
    'expected esdb:// or esdb+discover://, [user:password@]host:port, more of them after commas',
});

const isNatsUrl = (text: string): boolean =>
  URL.canParse(text) && ['nats:', 'tls:'].includes(new URL(text).protocol);

const postgresUrl = url('postgres:', 'postgresql:');
const port = z.coerce
  .number({ error: 'expected a port number' })
  .int({ error: 'expected a port number' })
  .min(0, { error: 'expected a port from 0 (any free one) to 65535' })
  .max(65_535, { error: 'expected a port from 0 (any free one) to 65535' });

/** `10.0.0.0/8, ::1`: what stands in front of the APIs, and no more. */
const networks = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((parts) => parts.every(isNetwork), {
    error: 'expected addresses or networks separated by commas, such as 10.0.0.0/8, ::1',
  });

function isNetwork(text: string): boolean {
  const [address = '', prefix = '0', ...more] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

const seconds = (fallback: number) => z.coerce.number().positive().max(86_400).default(fallback);

/** 32 random bytes as base64url. `openssl rand -base64 32 | tr '+/' '-_' | tr -d '='` makes one. */
const secret = z
  .string()
  .refine((text) => Buffer.from(text, 'base64url').length === 32, {
    error: 'expected 32 bytes as base64url (43 characters)',
  })
  .transform((text) => Buffer.from(text, 'base64url'));

/** Where to die; a process that serves people has neither this nor the word that allows it. */
const crashAt = z.string().transform((text, context) => {
  const parsed = parseCrashAt(text);
  if (parsed !== null) return parsed;
  context.addIssue({
    code: 'custom',
    message: `expected a boundary of platform/crash-points/table.ts, a moment (${crashMoments.join(', ')}) and a count, such as saga.commit.sent:1`,
  });
  return z.NEVER;
});

const variables = z.object({
  EVENTSTORE_URL: eventStoreUrl.describe('EventStoreDB connection string'),
  DATABASE_URL: postgresUrl.describe('Postgres database of read models, sagas, sessions'),
  KEYS_DATABASE_URL: postgresUrl.describe(
    "Postgres database of people's keys, apart from all others",
  ),
  ANALYST_ROLE: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, { error: 'expected a role name of a-z, 0-9 and _' })
    .default('pawprint_analyst')
    .describe('Database role that may read the schema analytics; made where that is allowed'),
  ANALYST_PASSWORD: z
    .string()
    .regex(/^[\x20-\x7e]{12,}$/, { error: 'expected at least 12 printable ASCII characters' })
    .optional()
    .describe('Password of that role; unset: it cannot log in and is granted to roles of people'),
  NATS_URL: z
    .string()
    .refine((text) => text.split(',').every((one) => isNatsUrl(one.trim())), {
      error: 'expected nats://… or tls://…, or several separated by commas',
    })
    .optional()
    .describe('NATS with JetStream, for the relay of events; unset: the relay is off'),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\w+$/, {
      error: 'expected a Stripe secret or restricted key (sk_… or rk_…)',
    })
    .describe("Stripe's secret or restricted key"),
  STRIPE_PUBLISHABLE_KEY: z
    .string()
    .regex(/^pk_(test|live)_\w+$/, { error: 'expected a Stripe publishable key (pk_…)' })
    .describe('The key client apps confirm payments with'),
  STRIPE_API_BASE: url('http:', 'https:')
    .optional()
    .describe("Where Stripe's API is; unset: api.stripe.com. The sandbox sets it"),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .refine((text) => text.split(',').every((part) => part.trim().startsWith('whsec_')), {
      error: 'expected whsec_…, or several separated by commas while one is being replaced',
    })
    .transform((text) => text.split(',').map((part) => part.trim()))
    .describe('Signing secrets of the webhook endpoint'),
  STRIPE_STATEMENT_POLL_SECONDS: seconds(15).describe(
    "How often Stripe's balance transactions are read",
  ),
  PROJECTION_AUDIT_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .default(86_400)
    .describe(
      'How often each read model is folded once more from the log and compared with what queries read; 0: never',
    ),
  SMTP_URL: url('smtp:', 'smtps:').describe('Mail server for confirmations'),
  MAIL_FROM: z.string().default('Pawprint <hello@pawprint.example>').describe('Sender of e-mails'),
  WRITE_API_HOST: z.string().default('127.0.0.1').describe('Address the write API listens on'),
  WRITE_API_PORT: port.default(4000).describe('Port of the write API'),
  READ_API_HOST: z.string().default('127.0.0.1').describe('Address the read API listens on'),
  READ_API_PORT: port.default(4001).describe('Port of the read API'),
  TRUSTED_PROXIES: networks
    .optional()
    .describe(
      'Our own proxies, whose X-Forwarded-For names the client: addresses and networks; unset: nobody',
    ),
  PROBE_HOST: z.string().default('127.0.0.1').describe('Address the probe port listens on'),
  PROBE_PORT: port
    .optional()
    .describe('Health and metrics of a process without an API; unset: no such port'),
  PUBLIC_WRITE_URL: url('http:', 'https:')
    .optional()
    .describe('Where clients reach the write API; unset: its host and port'),
  PUBLIC_READ_URL: url('http:', 'https:')
    .optional()
    .describe('Where clients reach the read API; unset: its host and port'),
  DATA_DIR: z.string().default('.data').describe('Folder of everything the embedded parts keep'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least level that is logged'),
  KEYS_MASTER_KEY: secret.describe("Wraps people's data keys. Lose it and personal data is gone"),
  TOKEN_SIGNING_KEY: secret.describe('Ed25519 seed that signs access tokens'),
  TICKET_SIGNING_KEY: secret.describe('Ed25519 seed that signs tickets'),
  GIFT_CODE_SECRET: secret.describe('Derives gift codes, which are never stored'),
  BLIND_INDEX_KEY: secret.describe('Keyed hashes of e-mail addresses, slugs and inputs'),
  ADMIN_EMAIL: z
    .email()
    .default('admin@pawprint.example')
    .describe('Administrator made at the first start'),
  ADMIN_PASSWORD: z
    .string()
    .min(12, { error: 'expected at least 12 characters' })
    .optional()
    .describe('Password of that administrator; unset: no administrator is made'),
  ACCESS_TOKEN_MINUTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(60)
    .default(15)
    .describe('Life of an access token'),
  REFRESH_TOKEN_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(365)
    .default(30)
    .describe('Life of a session'),
  CRASH_AT: crashAt
    .optional()
    .describe('For tests only: the I/O boundary at which the process kills itself'),
  CRASH_TESTS: z
    .literal('allowed', { error: 'expected "allowed"' })
    .optional()
    .describe('For tests only: without it, and with a live key of Stripe, CRASH_AT is refused'),
});

export const environmentSchema = variables.refine(
  ({ CRASH_AT, CRASH_TESTS, STRIPE_SECRET_KEY }) =>
    CRASH_AT === undefined ||
    (CRASH_TESTS === 'allowed' && !/^(sk|rk)_live_/.test(STRIPE_SECRET_KEY)),
  {
    path: ['CRASH_AT'],
    error: 'expected CRASH_TESTS=allowed beside it, and a test key of Stripe',
  },
);

export type Environment = z.output<typeof environmentSchema>;
export type EnvironmentName = keyof Environment;
