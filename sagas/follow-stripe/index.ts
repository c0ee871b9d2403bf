import type { Logger } from '../../platform/log/index.ts';
import { createPool } from '../../platform/postgres/index.ts';
import { listen } from '../../platform/postgres/listen.ts';
import type { StripeGateway } from '../../platform/stripe/index.ts';
import { gauge } from '../../platform/telemetry/index.ts';
import type { SagaBus } from '../_runtime/index.ts';
import { followObject } from './fold-object.ts';
import { startInboxWorker } from './inbox-worker.ts';
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

/** Follows Stripe in this process: webhooks are answered by looks at their objects, the statement is read. */
export async function startFollowStripe(options: {
  url: string;
  gateway: StripeGateway;
  bus: SagaBus;
  log: Logger;
  /** How often the statement is read when nothing happens. */
  statementPollSeconds: number;
}): Promise<FollowStripe> {
  const { url, gateway, bus, log, statementPollSeconds } = options;
  const pool = createPool({ url, name: 'follow-stripe', max: 10, log });
  try {
    await migrateStripe(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const statement = startStatementReader({
    ...{ pool, gateway, bus, log },
    everyMs: statementPollSeconds * 1000,
  });
  const inbox = startInboxWorker({
    pool,
    follow: (object, signal) => followObject({ gateway, bus, signal }, object),
    onFollowed: statement.nudge,
    log,
  });
  const listener = listen({
    ...{ url, channel: INBOX_CHANNEL, log },
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
  const every = (ms: number, what: string, work: () => Promise<unknown>): NodeJS.Timeout =>
    setInterval(() => {
      work().catch((error: unknown) => log.warn({ err: error }, `${what} failed; trying again`));
    }, ms).unref();
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
      for (const timer of timers) clearInterval(timer);
      await listener.stop();
      await inbox.stop();
      await statement.stop();
      await pool.end();
    },
  };
}
