import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema, type PaymentId, type RefundId } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import { payOutRefund as decidePayOut } from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { type PayOutCash, payOutCash } from '../../domain/till/decide.ts';
import { till } from '../../domain/till/state.ts';
import { type CommandTools, defineCommand, roles } from '../_runtime/definition.ts';
import { notFound, refuse } from '../access.ts';

export const payOutRefund = defineCommand({
  name: 'pay-out-refund',
  summary: 'Pay a refund of cash out at a till',
  description:
    'Hand the money over once this has answered. What is owed in cash is listed by `GET /v1/activities/{activityId}/cash-refunds`.',
  tag: 'Payments',
  path: '/v1/refunds/:refundId/pay-out',
  permission: roles('staff', 'admin'),
  params: z.strictObject({ refundId: idSchema('ref') }),
  body: z.strictObject({
    paymentId: idSchema('pay').meta({ description: 'The payment that the refund is of' }),
    tillId: idSchema('til'),
  }),
  reply: z.strictObject({
    id: idSchema('ref'),
    status: z.enum(['paid-out']),
    amount: moneySchema,
  }),
  status: 200,
  refusals: [
    ...['not-found', 'refund-not-found', 'paid-by-card', 'already-paid-out'],
    ...['till-closed', 'wrong-till', 'currency-differs', 'not-enough-cash'],
  ],
  example: {
    params: { refundId: exampleIds.refundId },
    body: { paymentId: exampleIds.paymentId, tillId: exampleIds.tillId },
    reply: {
      id: exampleIds.refundId,
      status: 'paid-out',
      amount: { amount: 2500, currency: 'EUR' },
    },
  },
  target: ({ body }) => `${body.paymentId}|${body.tillId}`,
  execute: async (tools, { params: { refundId }, body: { paymentId, tillId } }) => {
    // The drawer first: what left it is a fact, and the payment believes one till only.
    const { events } = await tools.decide(till, tillId, {
      lookup: () => lookUpRefund(tools, paymentId, refundId),
      decide: (state, { due, paidAt }) =>
        paidAt === null || paidAt === tillId
          ? payOutCash(state, due)
          : rejected('already-paid-out', 'Another till paid this refund out.', { tillId: paidAt }),
    });
    await tools.decide(payment, paymentId, {
      decide: (state) => decidePayOut(state, { refundId, tillId }),
    });
    const paid = events.find((event) => event.type === 'CashPaidOut');
    const amount = paid?.data.amount ?? (await lookUpRefund(tools, paymentId, refundId)).due.amount;
    return { id: refundId, status: 'paid-out' as const, amount };
  },
});

/** What is to be paid out, and where it was; refused where there is nothing to pay out. */
function lookUpRefund({ load }: CommandTools, paymentId: PaymentId, refundId: RefundId) {
  return load(payment, paymentId, (state) => {
    if (state.status === 'none') return refuse(notFound('payment'));
    const refund = state.refunds.find((each) => each.refundId === refundId);
    if (refund === undefined) {
      return refuse(rejected('refund-not-found', 'The payment has no such refund.', { refundId }));
    }
    const { activityId, enrollmentId, memberId, method } = state;
    if (method !== 'cash') {
      return refuse(
        rejected('paid-by-card', 'The payment was by card: Stripe gives it back.', { paymentId }),
      );
    }
    const { amount } = refund;
    const due: PayOutCash = { activityId, paymentId, enrollmentId, memberId, amount, refundId };
    return { due, paidAt: refund.tillId };
  });
}
