import { z } from 'zod';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { defineSideEffect } from '../_runtime/definition.ts';

const payload = z.strictObject({ paymentId: idSchema('pay'), enrollmentId: idSchema('enr') });

/** The janitor: asks Stripe how a payment stands and folds what it says. */
export const lookUpPayment = defineSideEffect({ name: 'look-up-payment', payload });

/**
 * No money is wanted from this payment any more: its PaymentIntent is cancelled. `onlyAtRest`: not
 * one that waits for the bank's answer.
 */
export const cancelPayment = defineSideEffect({
  name: 'cancel-payment',
  payload: payload.extend({ onlyAtRest: z.boolean().default(false) }),
});

/** Gives the money of a refund that was decided back. */
export const refundPayment = defineSideEffect({
  name: 'refund-payment',
  payload: z.strictObject({ paymentId: idSchema('pay'), refundId: idSchema('ref') }),
});
