import type Stripe from 'stripe';
import { z } from 'zod';
import { ApiError, refused, resourceMissing } from '../http/errors.ts';
import { choice, expand, integer, metadata, page, text } from '../http/params.ts';
import { type Call, type Reply, type Route, route } from '../http/route.ts';
import { newId, nowSeconds } from '../ids.ts';
import { BANK_DECIDES_AFTER_MS, formatMoney } from '../settings.ts';
import type { Stored } from '../store/kinds.ts';
import type { Work } from '../store/work.ts';
import { bookMovement, settleCharge } from './ledger.ts';
import { equals, listObjects } from './list.ts';
import { mergeMetadata } from './metadata.ts';

const createParams = z.strictObject({
  ...expand,
  amount: integer().optional(),
  charge: text(255).optional(),
  metadata: metadata().optional(),
  payment_intent: text(255).optional(),
  reason: choice(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
});
type CreateParams = z.infer<typeof createParams>;

const updateParams = z.strictObject({ ...expand, metadata: metadata().optional() });

export const refundRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/refunds',
    access: 'secret',
    params: createParams,
    handle: createRefund,
  }),
  route({
    method: 'GET',
    path: '/v1/refunds',
    access: 'secret',
    params: z.strictObject({
      ...page,
      charge: text(255).optional(),
      payment_intent: text(255).optional(),
    }),
    handle: ({ work, params }) =>
      listObjects(
        work.client,
        'refund',
        params,
        [...equals('charge', params.charge), ...equals('payment_intent', params.payment_intent)],
        '/v1/refunds',
      ),
  }),
  route({
    method: 'GET',
    path: '/v1/refunds/:id',
    access: 'secret',
    params: z.strictObject(expand),
    handle: async ({ work, id }) => ({ body: existing(await work.find('refund', id), id).body }),
  }),
  route({
    method: 'POST',
    path: '/v1/refunds/:id',
    access: 'secret',
    params: updateParams,
    handle: updateRefund,
  }),
];

/** The charge's lock makes refunds of one charge queue up: what is left is always the truth. */
async function createRefund({ work, params }: Call<CreateParams>): Promise<Reply> {
  const charge = await lockCharge(work, params);
  const { body } = charge;
  const left = body.amount_captured - body.amount_refunded;
  if (left === 0) {
    throw refused(`Charge ${body.id} has already been refunded.`, {
      code: 'charge_already_refunded',
    });
  }
  const amount = params.amount ?? left;
  if (amount < 1) {
    throw refused('This value must be greater than or equal to 1.', {
      code: 'parameter_invalid_integer',
      param: 'amount',
    });
  }
  if (amount > left) {
    throw refused(
      `Refund amount (${formatMoney(amount, body.currency)}) is greater than unrefunded amount on ` +
        `charge (${formatMoney(left, body.currency)})`,
      { param: 'amount' },
    );
  }
  // The charge's own booking comes first, should the settlement loop not have been there yet.
  settleCharge(work, charge);
  const refund = buildRefund(work, charge, amount, params);
  const before = { amount_refunded: body.amount_refunded, refunded: body.refunded };
  body.amount_refunded += amount;
  body.refunded = body.amount_refunded === body.amount_captured;
  work.put('charge', charge);
  work.emit('refund.created', refund);
  work.emit('charge.refunded', body, before);
  return { body: refund };
}

function buildRefund(
  work: Work,
  charge: Stored<'charge'>,
  amount: number,
  params: CreateParams,
): Stripe.Refund {
  const { body } = charge;
  const id = newId('re');
  const transaction = bookMovement(work, {
    type: 'refund',
    reportingCategory: 'refund',
    amount: -amount,
    // Stripe keeps the charge's fee.
    fee: 0,
    currency: body.currency,
    source: id,
    description: `REFUND FOR CHARGE${body.description === null ? '' : ` (${body.description})`}`,
    availableOn: Math.max(nowSeconds(), charge.hidden.availableOn ?? 0),
  });
  const refund: Stripe.Refund = {
    id,
    object: 'refund',
    amount,
    balance_transaction: transaction.id,
    charge: body.id,
    created: nowSeconds(),
    currency: body.currency,
    customer: body.customer,
    customer_account: null,
    destination_details: {
      card: {
        reference: randomReference(id),
        reference_status: 'available',
        reference_type: 'acquirer_reference_number',
        type: 'refund',
      },
      type: 'card',
    },
    metadata: mergeMetadata({}, params.metadata),
    payment_intent: body.payment_intent,
    payment_method: body.payment_method,
    reason: params.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: charge.hidden.refunds === 'pend' ? 'pending' : 'succeeded',
    transfer_reversal: null,
  };
  const prompt = charge.hidden.refunds === undefined;
  const hidden = prompt ? {} : { dueAt: Date.now() + BANK_DECIDES_AFTER_MS };
  work.put('refund', { body: refund, hidden });
  return refund;
}

/** Refunds name the charge or the intent it belongs to. */
async function lockCharge(work: Work, params: CreateParams): Promise<Stored<'charge'>> {
  const id = params.charge ?? (await latestCharge(work, params.payment_intent));
  const param = params.charge === undefined ? 'payment_intent' : 'charge';
  const charge = await work.lock('charge', id);
  if (charge === undefined) throw resourceMissing('charge', id, 'charge', 404);
  if (params.payment_intent !== undefined && charge.body.payment_intent !== params.payment_intent) {
    throw refused(`The charge ${id} does not belong to ${params.payment_intent}.`, { param });
  }
  if (charge.body.status !== 'succeeded') {
    throw refused(
      `This PaymentIntent (${String(charge.body.payment_intent)}) does not have a successful charge to refund.`,
      { param },
    );
  }
  return charge;
}

async function latestCharge(work: Work, intentId: string | undefined): Promise<string> {
  if (intentId === undefined) {
    throw new ApiError(400, {
      type: 'invalid_request_error',
      code: 'parameter_missing',
      message:
        'One of the following params should be provided for this request: payment_intent or charge.',
    });
  }
  const intent = await work.find('payment_intent', intentId);
  if (intent === undefined) throw resourceMissing('payment_intent', intentId, 'payment_intent');
  const charge = intent.body.latest_charge;
  if (typeof charge === 'string') return charge;
  throw refused(`This PaymentIntent (${intentId}) does not have a successful charge to refund.`, {
    param: 'payment_intent',
  });
}

async function updateRefund({
  work,
  id,
  params,
}: Call<z.infer<typeof updateParams>>): Promise<Reply> {
  const refund = existing(await work.lock('refund', id), id);
  const before = refund.body.metadata;
  refund.body.metadata = mergeMetadata(before, params.metadata);
  work.put('refund', refund);
  work.emit('refund.updated', refund.body, { metadata: before });
  return { body: refund.body };
}

function existing(refund: Stored<'refund'> | undefined, id: string): Stored<'refund'> {
  if (refund === undefined) throw resourceMissing('refund', id);
  return refund;
}

/** An acquirer reference: 23 digits by which a bank finds the refund. */
function randomReference(id: string): string {
  const digits = [...id].map((character) => character.charCodeAt(0) % 10).join('');
  return digits.padEnd(23, '0').slice(0, 23);
}
