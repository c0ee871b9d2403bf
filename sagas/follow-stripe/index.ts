import { type Host, machine } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { type ConnectedDatabase, connectDatabase } from '../../platform/postgres/connected.ts';
import type { StripeGateway } from '../../platform/stripe/index.ts';
import { gauge } from '../../platform/telemetry/index.ts';
import { watchClock } from '../_runtime/clock.ts';
import type { SagaBus } from '../_runtime/index.ts';
import { followObject } from './fold-object.ts';
import { startInboxWorker } from './inbox-worker.ts';
import { mendFuture } from './leases.ts';
import { INBOX_CHANNEL, migrateStripe } from './schema.ts';
import { startStatementReader } from './statement.ts';
import { type InboxStats, inboxStats } from './stats.ts';

export { createStripeInbox, type StripeInbox } from './inbox.ts';

export type FollowStripe = {
  stats(): Promise<InboxStats>;
  stop(): Promise<void>;
};

const TIDY_MS = 60 * 60 * 1000;
const STATS_MS = 5000;
/** How long bodies of webhooks are kept; id, type, object and hash stay for ever. */
const BODIES_KEPT_DAYS = 30;

type FollowOptions = {
  gateway: StripeGateway;
  bus: SagaBus;
  log: Logger;
  /** How often the statement is read when nothing happens. */
  statementPollSeconds: number;
  /** How often a sweep looks for late lines, too; default: every 20 seconds. */
  statementThoroughSeconds?: number;
  host?: Host;
};

/** Follows Stripe in this process: webhooks are answered by looks at their objects, the statement is read. */
export async function startFollowStripe(
  options: FollowOptions & { url: string },
): Promise<FollowStripe> {
  const { url, ...rest } = options;
  const { log } = rest;
  const database = connectDatabase({ url, name: 'follow-stripe', max: 10, log });
  try {
    await migrateStripe(database.pool);
  } catch (error) {
    await database.end();
    throw error;
  }
  return runFollowStripe({ ...rest, database });
}

/** The same on a database whose tables are there; `stop` ends it. */
export function runFollowStripe(
  options: FollowOptions & { database: ConnectedDatabase },
): FollowStripe {
  const { database, gateway, bus, log, host = machine } = options;
  const { statementPollSeconds, statementThoroughSeconds: thorough } = options;
  const { pool } = database;
  const statement = startStatementReader({
    ...{ pool, gateway, bus, log, host },
    everyMs: statementPollSeconds * 1000,
    ...(thorough === undefined ? {} : { thoroughEveryMs: thorough * 1000 }),
  });
  const inbox = startInboxWorker({
    pool,
    follow: (object, signal) => followObject({ gateway, bus, signal }, object),
    onFollowed: statement.nudge,
    ...{ log, host },
  });
  const clocks = watchClock({
    ...{ log, host, mend: () => mendFuture(pool) },
    onMended: () => {
      inbox.wake();
      statement.nudge();
    },
  });
  const listener = database.listen({
    channel: INBOX_CHANNEL,
    heard: inbox.wake,
    connected: inbox.wake,
  });

  const pending = gauge({
    name: 'pawprint_stripe_inbox_pending',
    help: 'Webhooks that were stored and not followed yet',
  });
  const oldest = gauge({
    name: 'pawprint_stripe_inbox_oldest_seconds',
    help: 'Age of the oldest of them',
  });
  const dead = gauge({
    name: 'pawprint_stripe_inbox_dead',
    help: 'Webhooks that were given up on: somebody has to look',
  });
  const stats: FollowStripe['stats'] = async () => {
    const figures = await inboxStats(pool);
    pending.set(figures.pending);
    dead.set(figures.dead);
    oldest.set(figures.oldestSeconds);
    return figures;
  };
  const every = (ms: number, what: string, work: () => Promise<unknown>) =>
    host.every(ms, () => {
      work().catch((error: unknown) => log.warn({ err: error }, `${what} failed; trying again`));
    });
  const timers = [
    every(STATS_MS, 'counting webhooks', stats),
    every(TIDY_MS, 'removing old bodies of webhooks', () =>
      pool.query(
        `update stripe.inbox set body_encrypted = null
          where body_encrypted is not null
            and received_at < now() - interval '${BODIES_KEPT_DAYS} days'`,
      ),
    ),
  ];

  return {
    stats,
    stop: async () => {
      for (const callOff of timers) callOff();
      await Promise.all([listener.stop(), clocks.stop()]);
      await inbox.stop();
      await statement.stop();
      await database.end();
    },
  };
}
