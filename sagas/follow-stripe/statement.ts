import { createHash } from 'node:crypto';
import { CommandRefused } from '../../commands/_runtime/errors.ts';
import { recordStatementLine } from '../../commands/statement/record-statement-line.ts';
import { PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';
import { crossing } from '../../platform/crash-points/index.ts';
import { type Host, machine, sleep } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import type { Database } from '../../platform/postgres/index.ts';
import type { ObservedLine, OurIds, StripeGateway } from '../../platform/stripe/index.ts';
import { counter, gauge } from '../../platform/telemetry/index.ts';
import type { SagaBus } from '../_runtime/perform.ts';
import { atMost, createWake, PATIENCE_MS } from '../_runtime/wake.ts';
import { endLease, LEASE_MS, takeLeases, underLease } from './leases.ts';

/** A sweep goes from the newest line back to `from`, in pages; the cursor moves when it is done. */
type Sweep = {
  readonly from: number;
  readonly after: string | null;
  readonly newest: number;
  readonly overlap: boolean;
  /** Goes back to `from` whatever it finds; others end with a page on which nothing is new. */
  readonly thorough: boolean;
};

const CURSOR = 'balance-transactions';
const PAGE = 100;
/**
 * Lines can turn up late and out of order, so a sweep looks back a minute, and now and then an hour.
 * Most end before that: at 100 payments a second a minute is 60 pages, for each sweep. A thorough one
 * comes often enough for every second to be looked at by two of them.
 */
const LOOK_BACK_SECONDS = 60;
const THOROUGH_EVERY_MS = 20_000;
const OVERLAP_SECONDS = 3600;
const OVERLAP_EVERY_MS = 10 * 60_000;
/** However often it is nudged. Stripe allows 25 requests a second in all. */
const SHORTEST_PAUSE_MS = 500;
/** Lines that are recorded side by side. */
const RECORDED_AT_ONCE = 16;

type Deps = {
  readonly pool: Database;
  readonly gateway: Pick<StripeGateway, 'listBalanceTransactions' | 'fetchIntent'>;
  readonly bus: SagaBus;
  readonly log: Logger;
  readonly host?: Host | undefined;
};

export type StatementReader = {
  /** Something was just paid or refunded: look now. */
  nudge(): void;
  stop(): Promise<void>;
};

/** Reads Stripe's account statement line by line into our log, every `everyMs` and after each nudge. */
export function startStatementReader(
  options: Deps & { everyMs: number; thoroughEveryMs?: number },
): StatementReader {
  const { everyMs, thoroughEveryMs = THOROUGH_EVERY_MS, log, host = machine } = options;
  const wake = createWake(host);
  let stopped = false;
  let thoroughAt = Number.NEGATIVE_INFINITY;
  const age = gauge({
    name: 'pawprint_stripe_statement_swept_timestamp_seconds',
    help: "When Stripe's account statement was last read to its end",
  });

  const look = async (startedAt: number): Promise<number> => {
    try {
      const thorough = startedAt - thoroughAt >= thoroughEveryMs;
      const done = await sweepUnderLease(options, thorough, () => stopped);
      // Whoever reads it now may be past what we were woken for, or be killed.
      if (done === null) return Math.min(everyMs, LEASE_MS);
      age.set(host.now() / 1000);
      if (done.thorough) thoroughAt = startedAt;
    } catch (error) {
      log.warn({ err: error }, "Stripe's statement could not be read; trying again");
    }
    return everyMs;
  };
  const rest = async (startedAt: number, pauseMs: number): Promise<void> => {
    await wake.sleep(pauseMs);
    const since = host.elapsed() - startedAt;
    if (!stopped && since < SHORTEST_PAUSE_MS) await sleep(host, SHORTEST_PAUSE_MS - since);
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      const startedAt = host.elapsed();
      const pauseMs = await look(startedAt);
      if (!stopped) await rest(startedAt, pauseMs);
    }
  };
  const running = run();
  return {
    nudge: wake.wake,
    stop: async () => {
      stopped = true;
      wake.wake();
      await atMost(running, PATIENCE_MS, host);
    },
  };
}

/** The sweep that was done; null: another process reads it just now, or we are to stop. */
async function sweepUnderLease(
  deps: Deps,
  thorough: boolean,
  stopped: () => boolean,
): Promise<Sweep | null> {
  const [lease] = await takeLeases(deps.pool, [CURSOR]);
  if (lease === undefined) return null;
  try {
    return await underLease(deps, lease, (signal) =>
      sweepToTheEnd(deps, thorough, () => {
        signal.throwIfAborted();
        return stopped();
      }),
    );
  } finally {
    await endLease(deps.pool, lease);
  }
}

async function sweepToTheEnd(
  deps: Deps,
  thorough: boolean,
  stopped: () => boolean,
): Promise<Sweep | null> {
  let sweep = await openSweep(deps, thorough);
  while (!stopped()) {
    const page = await deps.gateway.listBalanceTransactions({
      createdFrom: sweep.from,
      limit: PAGE,
      ...(sweep.after === null ? {} : { after: sweep.after }),
    });
    const fresh = await recordPage(deps, page.lines);
    const newest = page.lines.reduce((most, line) => Math.max(most, line.created), sweep.newest);
    const last = page.lines.at(-1);
    const reached = fresh === 0 && !sweep.thorough;
    if (!page.hasMore || last === undefined || reached) {
      const done = { ...sweep, newest };
      await crossing('statement.close-sweep', () => closeSweep(deps.pool, done));
      return done;
    }
    sweep = { ...sweep, newest, after: last.balanceTransactionId };
    await deps.pool.query('update stripe.statement_cursor set sweep = $2 where name = $1', [
      CURSOR,
      JSON.stringify(sweep),
    ]);
  }
  return null;
}

/** The sweep that was cut off, or a new one. */
async function openSweep({ pool, host = machine }: Deps, thorough: boolean): Promise<Sweep> {
  const { rows } = await pool.query<{
    created: number;
    sweep: Sweep | null;
    overlapped_at: Date | null;
  }>(
    `insert into stripe.statement_cursor (name, created) values ($1, 0)
     on conflict (name) do update set name = excluded.name
     returning created, sweep, overlapped_at`,
    [CURSOR],
  );
  const row = rows[0] ?? { created: 0, sweep: null, overlapped_at: null };
  if (row.sweep !== null) return row.sweep;
  const overlap =
    row.overlapped_at === null || host.now() - row.overlapped_at.getTime() > OVERLAP_EVERY_MS;
  const from = Math.max(0, row.created - (overlap ? OVERLAP_SECONDS : LOOK_BACK_SECONDS));
  return { from, after: null, newest: row.created, overlap, thorough: thorough || overlap };
}

async function closeSweep(pool: Database, { newest, overlap }: Sweep): Promise<void> {
  await pool.query(
    `update stripe.statement_cursor
        set created = $2, sweep = null, swept_at = now(),
            overlapped_at = case when $3 then now() else overlapped_at end
      where name = $1`,
    [CURSOR, newest, overlap],
  );
  // Older than every look back: not needed to tell new lines from known ones.
  if (overlap) {
    await pool.query(`delete from stripe.statement_seen where seen_at < now() - interval '2 days'`);
  }
}

const contentHash = (line: ObservedLine): string =>
  createHash('sha256').update(JSON.stringify(line)).digest('hex');

/** Gives how many of them were new, or differ from what was recorded. */
async function recordPage(deps: Deps, lines: readonly ObservedLine[]): Promise<number> {
  const seen = await deps.pool.query<{ balance_transaction_id: string; content_hash: string }>(
    `select balance_transaction_id, content_hash from stripe.statement_seen
      where balance_transaction_id = any ($1)`,
    [lines.map((line) => line.balanceTransactionId)],
  );
  const known = new Set(
    seen.rows.map((row) => `${row.balance_transaction_id}|${row.content_hash}`),
  );
  const fresh = lines.filter(
    (line) => !known.has(`${line.balanceTransactionId}|${contentHash(line)}`),
  );
  // Oldest first, so that the log has them in the statement's order, but for those side by side.
  const oldestFirst = fresh.toReversed();
  for (let at = 0; at < oldestFirst.length; at += RECORDED_AT_ONCE) {
    const some = oldestFirst.slice(at, at + RECORDED_AT_ONCE);
    await Promise.all(some.map((line) => recordOne(deps, line)));
    await deps.pool.query(
      `insert into stripe.statement_seen (balance_transaction_id, content_hash)
       select * from unnest($1::text[], $2::text[])
       on conflict (balance_transaction_id) do update
          set content_hash = excluded.content_hash, seen_at = now()`,
      [some.map((line) => line.balanceTransactionId), some.map(contentHash)],
    );
  }
  return fresh.length;
}

async function recordOne(deps: Deps, line: ObservedLine): Promise<void> {
  const { balanceTransactionId, ids: _ids, intentId: _intentId, created: _created, ...rest } = line;
  const { paymentId, activityId } = await idsOf(deps, line);
  const lines = counter({
    name: 'pawprint_stripe_statement_lines_total',
    help: "Lines of Stripe's statement that were recorded, or that differ from what was recorded",
    labels: ['outcome'],
  });
  try {
    await deps.bus.execute(
      recordStatementLine.name,
      { params: { balanceTransactionId }, body: { ...rest, paymentId, activityId } },
      {
        principal: { kind: 'stripe', id: 'statement' },
        commandId: uuidv5(
          PAWPRINT_NAMESPACE,
          `statement|${balanceTransactionId}|${contentHash(line)}`,
        ),
      },
    );
    lines.inc({ outcome: 'recorded' });
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
    lines.inc({ outcome: error.rejection.code });
    deps.log.error(
      { balanceTransactionId, rejection: error.rejection },
      "a line of Stripe's statement differs from what was recorded: somebody has to look",
    );
  }
}

/** A refund made by hand in Stripe's dashboard names nothing of ours, but its PaymentIntent does. */
async function idsOf({ gateway }: Deps, { ids, intentId }: ObservedLine): Promise<OurIds> {
  if (ids.paymentId !== null || intentId === null) return ids;
  return (await gateway.fetchIntent(intentId))?.ids ?? ids;
}
