import { z } from 'zod';
import { environmentSchema } from '../../../platform/config/schema.ts';
import { code, page, table } from './markdown.ts';

/** Made by `npm start` at the first start, kept in the data folder. */
const madeHere = [
  ...['KEYS_MASTER_KEY', 'TOKEN_SIGNING_KEY', 'TICKET_SIGNING_KEY', 'GIFT_CODE_SECRET'],
  ...['BLIND_INDEX_KEY', 'ADMIN_PASSWORD', 'ANALYST_PASSWORD'],
];

/** What `npm start` runs itself when the variable is not set. */
const embedded: Readonly<Record<string, string>> = {
  EVENTSTORE_URL: 'the event store node',
  DATABASE_URL: 'Postgres',
  KEYS_DATABASE_URL: 'Postgres',
  STRIPE_SECRET_KEY: 'the Stripe sandbox',
  STRIPE_PUBLISHABLE_KEY: 'the Stripe sandbox',
  STRIPE_WEBHOOK_SECRET: 'the Stripe sandbox',
  SMTP_URL: 'the mailbox',
};

/** Ports of the embedded parts: `npm start` reads them, the roles do not (`bin/start/ports.ts`). */
const startPorts: readonly (readonly [name: string, usual: number, of: string])[] = [
  ['POSTGRES_PORT', 25_432, 'embedded Postgres'],
  ['EVENTSTORE_PORT', 2113, 'event store node'],
  ['STRIPE_SANDBOX_PORT', 12_111, 'Stripe sandbox'],
  ['MAILBOX_SMTP_PORT', 1025, 'mailbox, SMTP'],
  ['MAILBOX_HTTP_PORT', 8025, 'mailbox, HTTP'],
  ['NATS_PORT', 4222, 'NATS, where a nats-server is at hand'],
];

export function configurationPage(): string {
  const rows = Object.entries(environmentSchema.shape).map(([name, schema]) => [
    code(name),
    defaultOf(name, schema),
    schema.description ?? '',
  ]);
  return page(
    'Configuration',
    '`platform/config/schema.ts` and `bin/start`',
    'Everything is configured by environment variables. One schema reads them when a process starts: a wrong or missing one ends the process with its name and what would be right; its value is not repeated. An empty variable counts as unset. `npm start` needs none.',
    'The same list to copy from is in [.env.example](../../.env.example). How to use it: [run it elsewhere](../how-to/run-it-elsewhere.md).',
    table(['variable', 'unset', 'is'], rows),
    '## Only for `npm start`',
    'Ports of the embedded parts. `0` takes any free one. A usual port that is taken is replaced by a free one, which is said and kept for the next start; one that was asked for and is taken ends the start.',
    table(
      ['variable', 'usual', 'of'],
      startPorts.map(([name, usual, of]) => [code(name), code(String(usual)), of]),
    ),
  );
}

function defaultOf(name: string, schema: z.ZodType): string {
  if (schema instanceof z.ZodDefault) return code(String(schema.def.defaultValue));
  const stand = embedded[name];
  if (stand !== undefined) return `\`npm start\` runs ${stand}`;
  if (madeHere.includes(name)) return '`npm start` makes one';
  return schema instanceof z.ZodOptional ? 'optional' : 'required';
}
