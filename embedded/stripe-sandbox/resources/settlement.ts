import type { Pool } from 'pg';
import { type Loop, startLoop } from '../loop.ts';
import type { Stored } from '../store/kinds.ts';
import { isUnavailable, type Log } from '../store/pool.ts';
import { prepared } from '../store/prepared.ts';
import { inOneGo, inTransaction } from '../store/transaction.ts';
import { startWork } from '../store/work.ts';
import { finishRefund } from './late-refunds.ts';
import { settleCharge } from './ledger.ts';
import { finishProcessing } from './payment-intents/processing.ts';

const BATCH = 50;

/**
 * What happens without a request, some time after one: captured charges of `automatic_async`
 * intents get their balance transaction (and `charge.updated` says so), and banks answer that took
 * their time. What is due is a mark on the row, so a restart goes on with it.
 */
export function startSettlement(pool: Pool, log: Log, wakeDeliverer: () => void): Loop {
  return startLoop({
    name: 'settlement',
    log,
    idleMs: 1000,
    async turn() {
      const done = (await settleBatch(pool)) + (await answerDue(pool, log));
      if (done > 0) wakeDeliverer();
      // A bank's answer leaves a charge to settle.
      return done > 0 ? 0 : nextDueMs(pool);
    },
  });
}

async function settleBatch(pool: Pool): Promise<number> {
  return inOneGo(pool, 'BEGIN', async ({ client, begun, commit }) => {
    const { rows } = await client.query<Stored<'charge'>>(
      prepared(
        `SELECT body, hidden FROM stripe_sandbox.objects WHERE hidden->>'settle' = 'due'
          ORDER BY seq LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
      ),
    );
    await begun;
    const work = startWork(client, { requestId: null, idempotencyKey: null });
    for (const charge of rows) {
      settleCharge(work, charge);
      work.emit('charge.updated', charge.body, { balance_transaction: null });
    }
    await Promise.all([work.flush(), commit()]);
    return rows.length;
  });
}

const ANSWERS = {
  payment_intent: finishProcessing,
  refund: finishRefund,
} as const;

/** Each answer is a transaction of its own: one that fails holds up no other. */
async function answerDue(pool: Pool, log: Log): Promise<number> {
  const { rows } = await pool.query<{ id: string; object: keyof typeof ANSWERS }>(
    prepared(
      `SELECT id, object FROM stripe_sandbox.objects
      WHERE (hidden->>'dueAt')::bigint <= $1 AND hidden->>'dueAt' IS NOT NULL
      ORDER BY (hidden->>'dueAt')::bigint LIMIT ${BATCH}`,
      [Date.now()],
    ),
  );
  let done = 0;
  for (const { id, object } of rows) {
    try {
      await inTransaction(pool, 'BEGIN', async (client) => {
        const work = startWork(client, { requestId: null, idempotencyKey: null });
        await ANSWERS[object](work, id);
        await work.flush();
      });
      done += 1;
    } catch (error) {
      if (isUnavailable(error)) throw error;
      log('error', "the bank's answer could not be booked", {
        id,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return done;
}

async function nextDueMs(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ at: string | null }>(
    prepared(`SELECT min((hidden->>'dueAt')::bigint) AS at FROM stripe_sandbox.objects
      WHERE hidden->>'dueAt' IS NOT NULL`),
  );
  const at = rows[0]?.at;
  if (at === null || at === undefined) return Number.POSITIVE_INFINITY;
  // What is overdue could not be booked: not in a tight circle.
  const wait = Number(at) - Date.now();
  return wait > 0 ? wait : 1000;
}
