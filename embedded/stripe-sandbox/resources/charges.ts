import type Stripe from 'stripe';
import { z } from 'zod';
import { resourceMissing } from '../http/errors.ts';
import { expand, page, text } from '../http/params.ts';
import { type Route, route } from '../http/route.ts';
import { newId, nowSeconds } from '../ids.ts';
import type { Stored } from '../store/kinds.ts';
import type { Work } from '../store/work.ts';
import type { Approval, Decline } from './cards.ts';
import { equals, listObjects } from './list.ts';

export const chargeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/charges',
    access: 'secret',
    params: z.strictObject({
      ...page,
      customer: text(100).optional(),
      payment_intent: text(100).optional(),
      transfer_group: text(200).optional(),
    }),
    handle: ({ work, params }) =>
      listObjects(
        work.client,
        'charge',
        params,
        [
          ...equals('customer', params.customer),
          ...equals('payment_intent', params.payment_intent),
          ...equals('transfer_group', params.transfer_group),
        ],
        '/v1/charges',
      ),
  }),
  route({
    method: 'GET',
    path: '/v1/charges/:id',
    access: 'secret',
    params: z.strictObject(expand),
    handle: async ({ work, id }) => {
      const charge = await work.find('charge', id);
      if (charge === undefined) throw resourceMissing('charge', id);
      return { body: charge.body };
    },
  }),
];

export type ChargeRequest = {
  intent: Stripe.PaymentIntent;
  method: Stripe.PaymentMethod;
  decline?: Decline;
  /** The cardholder passed the challenge. */
  authenticated: boolean;
  /** Approved with these terms; undefined when declined. */
  approval?: Approval;
  /** The bank has not decided yet. */
  pending?: true;
};

/** The attempt to take the money, successful or declined. Not yet booked: see `settleCharge`. */
export function createCharge(work: Work, request: ChargeRequest): Stored<'charge'> {
  const { intent, method, decline } = request;
  const paid = request.approval !== undefined;
  const id = newId('ch');
  const body: Stripe.Charge = {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: paid ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: intent.statement_descriptor ?? 'PAWPRINT SANDBOX',
    captured: paid,
    created: nowSeconds(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    // Stripe copies the intent's metadata once, when the charge is made.
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: outcome(decline),
    paid,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: { type: 'card', card: cardDetails(method, request) },
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: statusOf(request),
    transfer_data: null,
    transfer_group: intent.transfer_group,
  };
  const charge: Stored<'charge'> = {
    body,
    hidden: paid ? terms(request.approval) : {},
  };
  work.put('charge', charge);
  return charge;
}

function statusOf({ approval, pending }: ChargeRequest): Stripe.Charge.Status {
  if (pending === true) return 'pending';
  return approval === undefined ? 'failed' : 'succeeded';
}

/** Marks an approved charge: to be booked, and how its money behaves. */
export function terms(approval: Approval | undefined): Stored<'charge'>['hidden'] {
  return {
    settle: 'due',
    ...(approval?.bypassPending === undefined ? {} : { bypassPending: true }),
    ...(approval?.refunds === undefined ? {} : { refunds: approval.refunds }),
  };
}

export function outcome(decline: Decline | undefined): Stripe.Charge.Outcome {
  return {
    advice_code: decline?.advice ?? null,
    network_advice_code: null,
    network_decline_code: decline?.networkDeclineCode ?? null,
    network_status: decline === undefined ? 'approved_by_network' : 'declined_by_network',
    reason: decline === undefined ? null : (decline.declineCode ?? decline.code),
    risk_level: 'normal',
    risk_score: 20,
    seller_message:
      decline === undefined
        ? 'Payment complete.'
        : 'The bank did not return any further details with this decline.',
    type: decline === undefined ? 'authorized' : 'issuer_declined',
  };
}

function cardDetails(
  method: Stripe.PaymentMethod,
  { intent, authenticated, decline }: ChargeRequest,
): Stripe.Charge.PaymentMethodDetails.Card {
  const { card } = method;
  if (card === undefined) throw new Error(`payment method ${method.id} is not a card`);
  return {
    amount_authorized: decline === undefined ? intent.amount : null,
    authorization_code: decline === undefined ? '123456' : null,
    brand: card.brand,
    checks: {
      address_line1_check: null,
      address_postal_code_check: null,
      cvc_check: decline?.code === 'incorrect_cvc' ? 'fail' : 'pass',
    },
    country: card.country,
    electronic_commerce_indicator: authenticated ? '05' : null,
    exp_month: card.exp_month,
    exp_year: card.exp_year,
    extended_authorization: { status: 'disabled' },
    fingerprint: card.fingerprint ?? null,
    funding: card.funding,
    incremental_authorization: { status: 'unavailable' },
    installments: null,
    last4: card.last4,
    mandate: null,
    multicapture: { status: 'unavailable' },
    network: card.brand,
    network_token: { used: false },
    network_transaction_id: decline === undefined ? newId('net', 12) : null,
    overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
    regulated_status: 'unregulated',
    three_d_secure: authenticated
      ? {
          authentication_flow: 'challenge',
          electronic_commerce_indicator: '05',
          exemption_indicator: null,
          result: 'authenticated',
          result_reason: null,
          transaction_id: newId('3ds', 20),
          version: '2.2.0',
        }
      : null,
    transaction_link_id: null,
    wallet: null,
  };
}
