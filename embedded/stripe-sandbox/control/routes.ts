import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { resourceMissing } from '../http/errors.ts';
import { nowSeconds } from '../ids.ts';
import { bookMovement } from '../resources/ledger.ts';
import { CURRENCIES } from '../settings.ts';
import { inTransaction } from '../store/transaction.ts';
import { startWork } from '../store/work.ts';
import { mountChallenges } from './challenges.ts';
import { deliveryCounts, mountDeliveries } from './deliveries.ts';
import type { ControlDeps } from './deps.ts';
import { readInput } from './input.ts';
import { mountOverview } from './overview.ts';

const adjustInput = z.strictObject({
  amount: z.coerce.number().int(),
  currency: z.enum(Object.keys(CURRENCIES)),
  charge: z.string().max(255).optional(),
  description: z.string().max(200).default('Adjusted by hand in the sandbox'),
});

/** What Stripe has no API for: the sandbox's own levers. For loopback only, hence without a key. */
export function mountControl(app: FastifyInstance, deps: ControlDeps): void {
  mountOverview(app, deps);
  mountChallenges(app, deps);
  mountDeliveries(app, deps);

  app.get('/_sandbox/health', async (_request, reply) => {
    try {
      const counts = await deliveryCounts(deps.pool);
      return reply.send({ status: 'ok', deliveries: counts });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return reply.status(503).send({ status: 'database unavailable', reason });
    }
  });

  // Plants a break for a reconciliation to find: money that no charge explains, or that one is about.
  app.post('/_sandbox/balance/adjust', async (request, reply) => {
    const input = readInput(adjustInput, request);
    const transaction = await inTransaction(deps.pool, 'BEGIN', async (client) => {
      const work = startWork(client, { requestId: null, idempotencyKey: null });
      if (input.charge !== undefined && (await work.find('charge', input.charge)) === undefined) {
        throw resourceMissing('charge', input.charge);
      }
      const booked = bookMovement(work, {
        type: 'adjustment',
        reportingCategory: 'other_adjustment',
        amount: input.amount,
        fee: 0,
        currency: input.currency,
        source: input.charge ?? null,
        description: input.description,
        availableOn: nowSeconds(),
      });
      await work.flush();
      return booked;
    });
    return reply.send(transaction);
  });
}
