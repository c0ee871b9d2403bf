import type { Reply } from '../../http/route.ts';
import { BANK_DECIDES_AFTER_MS } from '../../settings.ts';
import type { Work } from '../../store/work.ts';
import { createCharge, outcome, terms } from '../charges.ts';
import { usePaymentMethod } from '../payment-methods.ts';
import { type Attempt, change, outcomeOf, refuseMoney, takeMoney } from './transitions.ts';

/** The bank has been asked and has not answered: `processing`, with a charge that is pending. */
export function startProcessing({ work, intent, method }: Attempt): Reply {
  const charge = createCharge(work, {
    intent: intent.body,
    method: method.body,
    authenticated: false,
    pending: true,
  });
  change(intent, {
    last_payment_error: null,
    latest_charge: charge.body.id,
    next_action: null,
    payment_method: method.body.id,
    processing: { type: 'card' },
    status: 'processing',
  });
  intent.hidden.dueAt = Date.now() + BANK_DECIDES_AFTER_MS;
  work.put('payment_intent', intent);
  work.emit('charge.pending', charge.body);
  work.emit('payment_intent.processing', intent.body);
  return { body: intent.body };
}

/** The bank's answer, from the settlement loop. */
export async function finishProcessing(work: Work, id: string): Promise<void> {
  const intent = await work.lock('payment_intent', id);
  if (intent?.body.status !== 'processing') return;
  const charge = await work.lock('charge', String(intent.body.latest_charge));
  const method = await usePaymentMethod(work, String(intent.body.payment_method));
  const attempt: Attempt = { work, intent, method };
  const answer = outcomeOf(attempt);
  if (charge === undefined || answer.kind !== 'process') {
    throw new Error(`${id} is processing without a charge or a card that takes its time`);
  }
  const { afterwards } = answer;
  intent.body.processing = null;
  work.put('charge', charge);
  if (afterwards.kind === 'approve') {
    const { amount } = intent.body;
    Object.assign(charge.body, {
      amount_captured: amount,
      captured: true,
      outcome: outcome(undefined),
      paid: true,
      status: 'succeeded',
    });
    charge.hidden = terms(afterwards);
    takeMoney(work, intent, charge, method.body.id);
    return;
  }
  const { decline } = afterwards;
  Object.assign(charge.body, {
    failure_code: decline.code,
    failure_message: decline.message,
    outcome: outcome(decline),
    status: 'failed',
  });
  refuseMoney(attempt, charge.body, decline);
}
