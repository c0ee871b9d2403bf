import { nowSeconds } from '../ids.ts';
import type { Work } from '../store/work.ts';
import { bookMovement } from './ledger.ts';

/**
 * The bank's late word on a refund (docs.stripe.com/refunds#failed-refunds): one that was pending
 * succeeds, one that had succeeded fails and its money comes back to the balance.
 */
export async function finishRefund(work: Work, id: string): Promise<void> {
  const refund = await work.lock('refund', id);
  if (refund?.hidden.dueAt === undefined) return;
  delete refund.hidden.dueAt;
  work.put('refund', refund);
  const { body } = refund;
  const before = { status: body.status };
  if (body.status === 'pending') {
    body.status = 'succeeded';
    work.emit('refund.updated', body, before);
    work.emit('charge.refund.updated', body, before);
    return;
  }
  const charge = await work.lock('charge', String(body.charge));
  if (charge === undefined) throw new Error(`refund ${id} without its charge`);
  const returned = bookMovement(work, {
    type: 'refund_failure',
    reportingCategory: 'refund_failure',
    amount: body.amount,
    fee: 0,
    currency: body.currency,
    source: body.id,
    description: 'REFUND FAILURE',
    availableOn: Math.max(nowSeconds(), charge.hidden.availableOn ?? 0),
  });
  body.status = 'failed';
  body.failure_reason = 'expired_or_canceled_card';
  body.failure_balance_transaction = returned.id;
  charge.body.amount_refunded -= body.amount;
  charge.body.refunded = false;
  work.put('charge', charge);
  work.emit('refund.failed', body, before);
  work.emit('refund.updated', body, before);
  work.emit('charge.refund.updated', body, before);
}
