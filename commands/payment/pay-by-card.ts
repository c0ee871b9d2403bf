import { deriveId, type EnrollmentId } from '../../domain/_kernel/ids.ts';
import { isRejection, rejected } from '../../domain/_kernel/rejection.ts';
import { openPaymentAttempt } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { recordIntent, startPayment } from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { StripeRefusedError } from '../../platform/stripe/errors.ts';
import type { CommandContext, CommandTools } from '../_runtime/definition.ts';
import { mayTouch, notFound, refuse } from '../access.ts';

/** Opens a card payment, or finds the one that is open. */
export async function payByCard(
  { decide, load, ports }: CommandTools,
  enrollmentId: EnrollmentId,
  { principal, now, deadline }: CommandContext,
) {
  const attempt = await decide(enrollment, enrollmentId, {
    decide: (state) =>
      state.status === 'none' || !mayTouch(principal, state.memberId)
        ? notFound('enrollment')
        : openPaymentAttempt(state, { paymentId: (n) => deriveId('pay', enrollmentId, n), now }),
    view: (state) =>
      state.status === 'none'
        ? null
        : {
            status: state.status,
            activityId: state.activityId,
            memberId: state.memberId,
            amount: state.amountDue,
            open: state.openAttempt?.paymentId,
          },
  });
  const opened = attempt.events.find((event) => event.type === 'PaymentAttemptOpened');
  const paymentId = opened?.data.paymentId ?? attempt.view?.open;
  if (attempt.view === null || paymentId === undefined) return refuse(notFound('enrollment'));
  const { status, activityId, memberId, amount } = attempt.view;

  // The attempt is on record before Stripe is called, under an id that Stripe gets as its
  // idempotency key: cut anywhere from here on, a repeat meets the same PaymentIntent.
  const fresh = opened !== undefined && !attempt.replayed;
  const known = fresh
    ? null
    : await load(payment, paymentId, (state) => ('intentId' in state ? state.intentId : null));
  if (known !== null) {
    return {
      id: paymentId,
      status: 'open' as const,
      amount,
      clientSecret: await ports.payments.clientSecret(known, deadline),
    };
  }
  // An attempt that was cut before Stripe answered, and an enrollment that ended since: there is
  // nothing to be paid any more, and whoever cancels open intents has looked for this one in vain.
  if (status === 'cancelled' || status === 'lapsed')
    return refuse(rejected(status, 'The enrollment ended before the payment was open.'));
  const { intentId, clientSecret } = await ports.payments
    .createIntent({
      ...{ paymentId, enrollmentId, activityId, amount },
      description: `Enrollment ${enrollmentId}`,
      mayExist: !fresh,
      deadline,
    })
    .catch(refusedByStripe);
  await decide(payment, paymentId, {
    isNew: true,
    decide: (state) => {
      const started = startPayment(state, {
        paymentId,
        enrollmentId,
        activityId,
        memberId,
        method: 'card',
        amount,
      });
      if (isRejection(started)) return started;
      const created = recordIntent(started.reduce(payment.evolve, state), { intentId });
      return isRejection(created) ? created : [...started, ...created];
    },
  });
  return { id: paymentId, status: 'open' as const, amount, clientSecret };
}

/** Stripe's "no" (an amount below its least, a key without the right) is an answer, not a failure. */
function refusedByStripe(error: unknown): never {
  if (!(error instanceof StripeRefusedError)) throw error;
  return refuse(
    rejected('payment-refused', 'Stripe does not take this payment.', { reason: error.code }),
  );
}
