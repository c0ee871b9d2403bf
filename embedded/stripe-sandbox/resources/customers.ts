import type Stripe from 'stripe';
import { z } from 'zod';
import { resourceMissing } from '../http/errors.ts';
import { expand, metadata, page, text, unsettable } from '../http/params.ts';
import { type Route, route } from '../http/route.ts';
import { newId, nowSeconds, randomText } from '../ids.ts';
import type { Stored } from '../store/kinds.ts';
import { equals, listObjects } from './list.ts';
import { mergeMetadata } from './metadata.ts';

const member = () => unsettable(512).optional();
const writeParams = z.strictObject({
  ...expand,
  description: member(),
  email: member(),
  metadata: metadata().optional(),
  name: member(),
  phone: member(),
});
type WriteParams = z.infer<typeof writeParams>;

const ROOT = '/v1/customers';

export const customerRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: ROOT,
    access: 'secret',
    params: writeParams,
    handle: async ({ work, params }) => {
      const stored = { body: apply(emptyCustomer(), params), hidden: {} };
      work.put('customer', stored);
      return { body: stored.body };
    },
  }),
  route({
    method: 'GET',
    path: ROOT,
    access: 'secret',
    params: z.strictObject({ ...page, email: text(512).optional() }),
    handle: ({ work, params }) =>
      listObjects(work.client, 'customer', params, equals('email', params.email), ROOT),
  }),
  route({
    method: 'GET',
    path: `${ROOT}/:id`,
    access: 'secret',
    params: z.strictObject(expand),
    handle: async ({ work, id }) => ({ body: existing(await work.find('customer', id), id).body }),
  }),
  route({
    method: 'POST',
    path: `${ROOT}/:id`,
    access: 'secret',
    params: writeParams,
    handle: async ({ work, id, params }) => {
      const stored = existing(await work.lock('customer', id), id);
      apply(stored.body, params);
      work.put('customer', stored);
      return { body: stored.body };
    },
  }),
];

function existing(customer: Stored<'customer'> | undefined, id: string): Stored<'customer'> {
  if (customer === undefined) throw resourceMissing('customer', id);
  return customer;
}

function apply(customer: Stripe.Customer, params: WriteParams): Stripe.Customer {
  for (const name of ['description', 'email', 'name', 'phone'] as const) {
    const value = params[name];
    if (value !== undefined) customer[name] = value;
  }
  customer.metadata = mergeMetadata(customer.metadata, params.metadata);
  return customer;
}

function emptyCustomer(): Stripe.Customer {
  return {
    id: newId('cus', 14),
    object: 'customer',
    address: null,
    balance: 0,
    created: nowSeconds(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: randomText(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: {},
    name: null,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}
