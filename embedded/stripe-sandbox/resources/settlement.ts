import type { Pool } from 'pg';
import { type Loop, startLoop } from '../loop.ts';
import type { Log } from '../store/pool.ts';
import { inTransaction } from '../store/transaction.ts';
import { startWork } from '../store/work.ts';
import { settleCharge } from './ledger.ts';

const BATCH = 50;

/**
 * Gives captured charges of `automatic_async` intents their balance transaction, a moment after
 * the payment as with Stripe, and says so by `charge.updated`. What is due is a mark on the row,
 * so a restart goes on with it.
 */
export function startSettlement(pool: Pool, log: Log, wakeDeliverer: () => void): Loop {
  return startLoop({
    name: 'settlement',
    log,
    idleMs: 1000,
    async turn() {
      const settled = await settleBatch(pool);
      if (settled > 0) wakeDeliverer();
      return settled === BATCH ? 0 : Number.POSITIVE_INFINITY;
    },
  });
}

async function settleBatch(pool: Pool): Promise<number> {
  return inTransaction(pool, 'BEGIN', async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM stripe_sandbox.objects WHERE hidden->>'settle' = 'due'
        ORDER BY seq LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
    );
    const work = startWork(client, { requestId: null, idempotencyKey: null });
    for (const { id } of rows) {
      const charge = await work.lock('charge', id);
      if (charge === undefined) continue;
      settleCharge(work, charge);
      work.emit('charge.updated', charge.body, { balance_transaction: null });
    }
    await work.flush();
    return rows.length;
  });
}
