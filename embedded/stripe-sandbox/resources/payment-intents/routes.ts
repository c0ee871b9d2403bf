import type Stripe from 'stripe';
import { invalidParameter, resourceMissing } from '../../http/errors.ts';
import { type Call, type Reply, type Route, route } from '../../http/route.ts';
import { nowSeconds } from '../../ids.ts';
import type { Stored } from '../../store/kinds.ts';
import type { Work } from '../../store/work.ts';
import { equals, listObjects } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { buildIntent, cardOptions, checkAmount, publicView } from './build.ts';
import { chooseMethod, confirmIntent, runConfirmation } from './confirm.ts';
import { findIntent, lockIntent, refuseInState } from './guard.ts';
import {
  CONFIRMATION_ONLY,
  type CreateParams,
  cancelParams,
  confirmParams,
  createParams,
  listParams,
  retrieveParams,
  searchParams,
  type UpdateParams,
  updateParams,
} from './params.ts';
import { searchIntents } from './search.ts';

const ROOT = '/v1/payment_intents';

export const paymentIntentRoutes: readonly Route[] = [
  route({ method: 'POST', path: ROOT, access: 'secret', params: createParams, handle: create }),
  route({
    method: 'GET',
    path: ROOT,
    access: 'secret',
    params: listParams,
    handle: ({ work, params }) =>
      listObjects(work.client, 'payment_intent', params, equals('customer', params.customer), ROOT),
  }),
  route({
    method: 'GET',
    path: `${ROOT}/search`,
    access: 'secret',
    params: searchParams,
    handle: ({ work, params }) => searchIntents(work.client, params),
  }),
  route({
    method: 'GET',
    path: `${ROOT}/:id`,
    access: 'client',
    params: retrieveParams,
    handle: async (call) => {
      const { body } = await findIntent(call, call.params.client_secret);
      return { body: call.access === 'secret' ? body : publicView(body) };
    },
  }),
  route({
    method: 'POST',
    path: `${ROOT}/:id`,
    access: 'secret',
    params: updateParams,
    handle: update,
  }),
  route({
    method: 'POST',
    path: `${ROOT}/:id/confirm`,
    access: 'client',
    params: confirmParams,
    handle: confirmIntent,
  }),
  route({
    method: 'POST',
    path: `${ROOT}/:id/cancel`,
    access: 'secret',
    params: cancelParams,
    handle: cancel,
  }),
];

async function create(call: Call<CreateParams>): Promise<Reply> {
  const { work, params } = call;
  for (const name of CONFIRMATION_ONLY) {
    if (params[name] !== undefined && params.confirm !== true) {
      throw invalidParameter(
        name,
        `The parameter \`${name}\` can only be passed when creating a PaymentIntent with \`confirm=true\`.`,
      );
    }
  }
  await demandCustomer(work, params.customer);
  const intent: Stored<'payment_intent'> = { body: buildIntent(params), hidden: {} };
  work.put('payment_intent', intent);
  work.emit('payment_intent.created', intent.body);
  if (params.confirm === true) return runConfirmation(call, intent, params);
  const method = await chooseMethod(work, intent.body, params);
  if (method !== undefined) {
    intent.body.payment_method = method.body.id;
    intent.body.status = 'requires_confirmation';
  }
  return { body: intent.body };
}

/** Once money moved (or the intent ended) only its description can change. */
const ALWAYS_UPDATABLE = new Set(['description', 'expand', 'metadata', 'receipt_email']);
const UPDATABLE = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

async function update(call: Call<UpdateParams>): Promise<Reply> {
  const { work, params } = call;
  const intent = await lockIntent(call);
  const { body } = intent;
  const fixed = !UPDATABLE.includes(body.status);
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  if (fixed && given.some(([name]) => !ALWAYS_UPDATABLE.has(name))) {
    throw refuseInState('update', body, UPDATABLE);
  }
  const amount = params.amount ?? body.amount;
  const currency = params.currency ?? body.currency;
  if (params.amount !== undefined || params.currency !== undefined) checkAmount(amount, currency);
  await demandCustomer(work, params.customer);
  const method =
    params.payment_method === undefined && params.payment_method_data === undefined
      ? undefined
      : await chooseMethod(work, body, params);
  const changes: Partial<Stripe.PaymentIntent> = {
    amount,
    currency,
    metadata: mergeMetadata(body.metadata, params.metadata),
    ...defined({
      capture_method: params.capture_method,
      customer: params.customer,
      description: params.description,
      receipt_email: params.receipt_email,
      setup_future_usage: params.setup_future_usage,
      statement_descriptor: params.statement_descriptor,
      statement_descriptor_suffix: params.statement_descriptor_suffix,
      transfer_group: params.transfer_group,
    }),
  };
  Object.assign(body, changes);
  if (params.payment_method_options !== undefined) {
    body.payment_method_options = cardOptions(params.payment_method_options);
  }
  if (method !== undefined) {
    body.payment_method = method.body.id;
    body.status = 'requires_confirmation';
    body.next_action = null;
    delete intent.hidden.attempt;
  }
  work.put('payment_intent', intent);
  return { body };
}

const CANCELABLE = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
];

async function cancel(
  call: Call<{
    cancellation_reason?: Stripe.PaymentIntentCancelParams.CancellationReason | undefined;
  }>,
): Promise<Reply> {
  const { work, params } = call;
  const intent = await lockIntent(call);
  if (!CANCELABLE.includes(intent.body.status)) {
    throw refuseInState('cancel', intent.body, CANCELABLE);
  }
  Object.assign(intent.body, {
    status: 'canceled',
    canceled_at: nowSeconds(),
    cancellation_reason: params.cancellation_reason ?? null,
    next_action: null,
  } satisfies Partial<Stripe.PaymentIntent>);
  delete intent.hidden.attempt;
  work.put('payment_intent', intent);
  work.emit('payment_intent.canceled', intent.body);
  return { body: intent.body };
}

async function demandCustomer(work: Work, id: string | undefined): Promise<void> {
  if (id === undefined || (await work.find('customer', id)) !== undefined) return;
  throw resourceMissing('customer', id, 'customer', 400);
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Members that were given: an absent parameter leaves the intent as it is. */
function defined<T extends object>(values: T): Defined<T> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Defined<T>;
}
