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

/**
 * Money that is where it should not be, and what was tried did not help. `givenUp`: nothing more is
 * tried by itself, somebody has to look.
 */
export const tellOperators = defineSideEffect({
  name: 'tell-operators',
  payload: payload.extend({
    about: z.enum(['refund', 'seat']),
    code: z.string(),
    tries: z.int().min(1),
    givenUp: z.boolean(),
  }),
});

/** Gives the money of a refund that was decided back. */
export const refundPayment = defineSideEffect({
  name: 'refund-payment',
  payload: z.strictObject({ paymentId: idSchema('pay'), refundId: idSchema('ref') }),
});
