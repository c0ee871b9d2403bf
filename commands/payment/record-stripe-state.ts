import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { type EnrollmentId, idSchema, type PaymentId } from '../../domain/_kernel/ids.ts';
import { isRejection } from '../../domain/_kernel/rejection.ts';
import { instantSchema } from '../../domain/_kernel/time.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import {
  recordStripeState as decideRecord,
  type StartPayment,
  startPayment,
} from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { type CommandTools, defineCommand, internalPermission } from '../_runtime/definition.ts';

const observedSchema = z.strictObject({
  intentId: z.string().min(1),
  status: z.enum([
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'processing',
    'requires_capture',
    'succeeded',
    'canceled',
  ]),
  amountReceived: z.int().min(0),
  currency: z.string().length(3),
  chargeId: z.string().nullable(),
  paidAt: instantSchema.nullable(),
  balanceTransaction: z.strictObject({ id: z.string(), fee: z.int(), net: z.int() }).nullable(),
  decline: z
    .strictObject({
      chargeId: z.string().nullable(),
      code: z.string(),
      declineCode: z.string().nullable(),
    })
    .nullable(),
  cancellationReason: z.string().nullable(),
});

export const recordStripeState = defineCommand({
  name: 'record-stripe-state',
  summary: 'Fold what Stripe says a PaymentIntent is now',
  description:
    'Any observation may come any number of times and in any order. A payment that was cut off between Stripe and our log is opened from its enrollment first.',
  tag: 'Payments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ paymentId: idSchema('pay') }),
  body: z.strictObject({
    /** From the intent's metadata; null: it has none. */
    enrollmentId: idSchema('enr').nullable(),
    observed: observedSchema,
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found', 'intent-mismatch', 'amount-mismatch', 'incomplete-observation'],
  example: {
    params: { paymentId: exampleIds.paymentId },
    body: {
      enrollmentId: exampleIds.enrollmentId,
      observed: {
        intentId: 'pi_3example',
        status: 'succeeded',
        amountReceived: 2500,
        currency: 'eur',
        chargeId: 'ch_3example',
        paidAt: '2027-04-01T08:05:00.000Z',
        balanceTransaction: { id: 'txn_3example', fee: 63, net: 2437 },
        decline: null,
        cancellationReason: null,
      },
    },
    reply: {},
  },
  execute: async (tools, { params: { paymentId }, body: { enrollmentId, observed } }) => {
    await tools.decide(payment, paymentId, {
      lookup: () => startOf(tools, paymentId, enrollmentId),
      decide: (state, start) => {
        if (state.status !== 'none' || start === null) return decideRecord(state, observed);
        const started = startPayment(state, start);
        if (isRejection(started)) return started;
        const recorded = decideRecord(started.reduce(payment.evolve, state), observed);
        return isRejection(recorded) ? recorded : [...started, ...recorded];
      },
    });
    return {};
  },
});

/**
 * `pay` writes the attempt to the enrollment, asks Stripe, and only then opens the payment's stream.
 * Cut in between, Stripe may have a PaymentIntent (and money) that our log knows from the attempt
 * alone: the payment is then opened with what the attempt says.
 */
async function startOf(
  { load }: CommandTools,
  paymentId: PaymentId,
  enrollmentId: EnrollmentId | null,
): Promise<StartPayment | null> {
  const known = await load(
    payment,
    paymentId,
    (state) => state.status !== 'none',
    (isKnown) => isKnown,
  );
  if (known || enrollmentId === null) return null;
  return load(enrollment, enrollmentId, (state) => {
    if (state.status === 'none' || state.openAttempt?.paymentId !== paymentId) return null;
    const { activityId, memberId, amountDue: amount } = state;
    return { paymentId, enrollmentId, activityId, memberId, amount, method: 'card' };
  });
}
