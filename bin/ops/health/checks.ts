import type pg from 'pg';
import {
  RELAY_LOCK,
  readCheckpoint as readRelayCheckpoint,
} from '../../../exporters/nats-relay/checkpoint.ts';
import { type Lag, measureLag } from '../../../platform/consumer/lag.ts';
import type { Checkpoint } from '../../../platform/consumer/types.ts';
import { checkMailServer } from '../../../platform/mail/index.ts';
import { openNats } from '../../../platform/nats/index.ts';
import { createPool, transaction } from '../../../platform/postgres/index.ts';
import { heldLocks } from '../../../platform/postgres/lock-session.ts';
import { createStripeGateway } from '../../../platform/stripe/index.ts';
import { inspectSagas } from '../../../sagas/_runtime/inspect.ts';
import {
  readCheckpoint as readSagasCheckpoint,
  SAGAS_LOCK,
} from '../../../sagas/_runtime/session.ts';
import { inboxStats, statementAge } from '../../../sagas/follow-stripe/stats.ts';
import type { Platform } from '../_cli/platform.ts';
import { readProjections } from '../projections/status.ts';

/** What a part is found to be. `trouble`: in a sentence, what is wrong; null: nothing. */
export type Finding = { readonly detail: string; readonly trouble: string | null };

export type Check = {
  readonly name: string;
  /** Looks at the part. Throws when it does not answer. */
  look(platform: Platform): Promise<Finding | 'off'>;
};

const fine = (detail: string): Finding => ({ detail, trouble: null });
const found = (detail: string, troubles: readonly (string | null)[]): Finding => {
  const told = troubles.filter((trouble) => trouble !== null);
  return { detail, trouble: told.length === 0 ? null : told.join('; ') };
};
const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** Behind by this much, somebody waits. */
const LAGS_AFTER_SECONDS = 30;
/** A webhook that waits longer is not only on its way. */
const WAITS_AFTER_SECONDS = 60;

/** Every part of the platform, in the order in which one depends on the other. */
export const checks: readonly Check[] = [
  {
    name: 'event store',
    look: async (platform) => fine(`head at ${await (await platform.eventStore()).head()}`),
  },
  { name: 'Postgres', look: async (platform) => databaseFound(platform, 'DATABASE_URL') },
  { name: 'keys database', look: async (platform) => databaseFound(platform, 'KEYS_DATABASE_URL') },
  { name: 'write API', look: ({ urls }) => apiFound(urls.write) },
  { name: 'read API', look: ({ urls }) => apiFound(urls.read) },
  { name: 'projections', look: projectionsFound },
  { name: 'sagas', look: sagasFound },
  { name: 'NATS relay', look: relayFound },
  { name: 'Stripe', look: stripeFound },
  { name: 'mail', look: mailFound },
];

async function databaseFound(
  { installation, log }: Platform,
  variable: 'DATABASE_URL' | 'KEYS_DATABASE_URL',
): Promise<Finding> {
  const pool = createPool({
    url: installation.read(variable),
    name: 'ops',
    max: 1,
    long: true,
    log,
  });
  try {
    const { rows } = await pool.query<{ version: string }>(
      "select current_setting('server_version') as version",
    );
    return fine(`PostgreSQL ${rows[0]?.version}`);
  } finally {
    await pool.end();
  }
}

async function apiFound(url: string): Promise<Finding> {
  const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(4000) });
  if (response.ok) return fine(url);
  const failed = failedChecks(await response.json());
  return found(url, [`not ready (${response.status}): ${failed}`]);
}

function failedChecks(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('failed' in body))
    return 'it does not say why';
  return Array.isArray(body.failed) ? body.failed.map(String).join(', ') : String(body.failed);
}

async function projectionsFound(platform: Platform): Promise<Finding> {
  const all = await readProjections(platform);
  const slowest = Math.max(0, ...all.filter(({ live }) => live).map(({ lag }) => lag.seconds));
  return found(
    `${all.filter(({ state }) => state === 'live').length} of ${all.length} live, at most ${slowest.toFixed(1)} s behind`,
    all.map(({ projection, trouble }) => (trouble === null ? null : `${projection}: ${trouble}`)),
  );
}

async function sagasFound(platform: Platform): Promise<Finding> {
  const stats = await inspectSagas(await platform.pool()).stats();
  const { runs, lag } = await consumerFound(platform, SAGAS_LOCK, readSagasCheckpoint);
  const waiting = stats.waiting.commands + stats.waiting.sideEffects;
  return found(
    `${count(waiting, 'row')} waiting, ${count(stats.timers, 'timer')}, ${lagText(lag)}`,
    [
      runs ? null : 'no process runs them: start the role sagas',
      ...lagTrouble(lag),
      waiting > 0 && stats.oldestSeconds > WAITS_AFTER_SECONDS
        ? `the oldest row has waited for ${Math.round(stats.oldestSeconds)} s`
        : null,
      stats.parked === 0 ? null : `${count(stats.parked, 'instance')} parked (ops sagas dead)`,
      stats.dead === 0 ? null : `${count(stats.dead, 'row')} given up on (ops sagas dead)`,
    ],
  );
}

async function relayFound(platform: Platform): Promise<Finding | 'off'> {
  const { installation, log } = platform;
  const natsUrl = installation.read('NATS_URL');
  if (natsUrl === undefined) return 'off';
  const nats = openNats({ url: natsUrl, name: 'ops', log });
  try {
    const { connection, lost } = await nats.session();
    await Promise.race([connection.flush(), lost]);
  } finally {
    await nats.close();
  }
  const { runs, lag } = await consumerFound(platform, RELAY_LOCK, readRelayCheckpoint);
  return found(lagText(lag), [
    runs ? null : 'no process runs it: start the role exporters',
    ...lagTrouble(lag),
  ]);
}

type ReadCheckpoint = (client: pg.ClientBase) => Promise<Checkpoint | null>;

/** Whether somebody runs a consumer, and how far it is behind. */
async function consumerFound(
  platform: Platform,
  lock: string,
  readCheckpoint: ReadCheckpoint,
): Promise<{ runs: boolean; lag: Lag | undefined }> {
  const pool = await platform.pool();
  const checkpoint = await transaction(pool, readCheckpoint);
  const place = { ordinal: checkpoint?.ordinal ?? 0, position: checkpoint?.position ?? null };
  const [lag] = await measureLag(await platform.eventStore(), [place]);
  return { runs: (await heldLocks(pool, [lock])).has(lock), lag };
}

const lagText = (lag: Lag | undefined): string =>
  lag === undefined || lag.events === 0
    ? 'at the head'
    : `${lag.atLeast ? 'at least ' : ''}${count(lag.events, 'event')} behind`;

const lagTrouble = (lag: Lag | undefined): string[] =>
  lag !== undefined && lag.seconds > LAGS_AFTER_SECONDS
    ? [`${Math.round(lag.seconds)} s behind`]
    : [];

async function stripeFound({ installation, pool }: Platform): Promise<Finding> {
  const gateway = createStripeGateway({
    stripeSecretKey: installation.read('STRIPE_SECRET_KEY'),
    stripeApiBase: installation.read('STRIPE_API_BASE'),
    stripeWebhookSecret: [],
  });
  // The cheapest question that needs a valid key.
  await gateway.listBalanceTransactions({ createdFrom: 0, createdTo: 0, limit: 1 });
  const [inbox, age] = await Promise.all([inboxStats(await pool()), statementAge(await pool())]);
  const late = 5 * installation.read('STRIPE_STATEMENT_POLL_SECONDS');
  const read = age === null ? 'statement not read yet' : `statement read ${Math.round(age)} s ago`;
  return found(`${count(inbox.pending, 'webhook')} waiting, ${read}`, [
    age !== null && age > late ? `the statement was not read for ${Math.round(age)} s` : null,
    inbox.oldestSeconds > WAITS_AFTER_SECONDS
      ? `a webhook has waited for ${Math.round(inbox.oldestSeconds)} s`
      : null,
    inbox.dead === 0 ? null : `${count(inbox.dead, 'webhook')} given up on`,
  ]);
}

async function mailFound({ installation }: Platform): Promise<Finding> {
  const smtpUrl = installation.read('SMTP_URL');
  await checkMailServer(smtpUrl);
  return fine(`${new URL(smtpUrl).host} takes mail`);
}
