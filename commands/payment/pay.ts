import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { payByCard } from './pay-by-card.ts';
import { payInCash } from './pay-in-cash.ts';

export const pay = defineCommand({
  name: 'pay',
  summary: 'Pay for an enrollment',
  description:
    'By card: opens a payment and returns the client secret with which the client app confirms it at Stripe; while it is open, asking again gives the same one. In cash (staff only): the money is in the till `tillId` now; a card payment that is open is cancelled.',
  tag: 'Payments',
  path: '/v1/enrollments/:enrollmentId/payments',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z
    .strictObject({
      method: z.enum(['card', 'cash']),
      tillId: idSchema('til').optional().meta({ description: 'With cash: the till it is in' }),
    })
    .refine(({ method, tillId }) => (method === 'cash') === (tillId !== undefined), {
      path: ['tillId'],
      error: 'expected with cash, and with nothing else',
    }),
  reply: z.strictObject({
    id: idSchema('pay'),
    status: z.enum(['open', 'received']),
    amount: moneySchema,
    clientSecret: z.string().nullable().meta({ description: 'Null: there is nothing to confirm' }),
  }),
  status: 201,
  refusals: [
    'not-found',
    'waitlisted',
    'hold-expired',
    'already-confirmed',
    'cancelled',
    'lapsed',
    'payment-refused',
    ...['staff-only', 'till-closed', 'wrong-till', 'already-paid'],
  ],
  example: {
    params: { enrollmentId: exampleIds.enrollmentId },
    body: { method: 'card' },
    reply: {
      id: exampleIds.paymentId,
      status: 'open',
      amount: { amount: 2500, currency: 'EUR' },
      clientSecret: 'pi_3example_secret_example',
    },
  },
  target: ({ body }) => body.tillId ?? '',
  execute: (tools, { params: { enrollmentId }, body: { tillId } }, context) =>
    tillId === undefined
      ? payByCard(tools, enrollmentId, context)
      : payInCash(tools, { enrollmentId, tillId }, context),
});
