import { z } from 'zod';
import {
  choice,
  currency,
  expand,
  flag,
  integer,
  metadata,
  page,
  text,
  unsettable,
  url,
} from '../../http/params.ts';
import { paymentMethodData } from '../payment-methods.ts';

const id = () => text(255);

/** What create, update and confirm have in common. */
const shared = {
  ...expand,
  capture_method: choice(['automatic', 'automatic_async']).optional(),
  payment_method: id().optional(),
  payment_method_data: paymentMethodData.optional(),
  payment_method_options: z
    .strictObject({
      card: z
        .strictObject({
          request_three_d_secure: choice(['any', 'automatic', 'challenge']).optional(),
        })
        .optional(),
    })
    .optional(),
  receipt_email: unsettable(500).optional(),
  setup_future_usage: choice(['off_session', 'on_session']).optional(),
};

/** What only a confirmation takes: on create it needs `confirm=true`. */
const confirmation = {
  error_on_requires_action: flag().optional(),
  off_session: flag().optional(),
  return_url: url().optional(),
  use_stripe_sdk: flag().optional(),
};
export const CONFIRMATION_ONLY = ['error_on_requires_action', 'off_session', 'return_url'] as const;

export const createParams = z.strictObject({
  ...shared,
  ...confirmation,
  amount: integer(),
  currency: currency(),
  allowed_payment_method_types: z.array(choice(['card'])).optional(),
  automatic_payment_methods: z
    .strictObject({ enabled: flag(), allow_redirects: choice(['always', 'never']).optional() })
    .optional(),
  confirm: flag().optional(),
  confirmation_method: choice(['automatic']).optional(),
  customer: id().optional(),
  description: text(1000).optional(),
  metadata: metadata().optional(),
  statement_descriptor: text(22).optional(),
  statement_descriptor_suffix: text(22).optional(),
  transfer_group: text(200).optional(),
});
export type CreateParams = z.infer<typeof createParams>;

export const confirmParams = z.strictObject({
  ...shared,
  ...confirmation,
  /** The browser's proof that it belongs to this intent. */
  client_secret: text(200).optional(),
});
export type ConfirmParams = z.infer<typeof confirmParams>;

export const updateParams = z.strictObject({
  ...shared,
  amount: integer().optional(),
  currency: currency().optional(),
  customer: id().optional(),
  description: unsettable(1000).optional(),
  metadata: metadata().optional(),
  statement_descriptor: text(22).optional(),
  statement_descriptor_suffix: text(22).optional(),
  transfer_group: text(200).optional(),
});
export type UpdateParams = z.infer<typeof updateParams>;

export const CANCELLATION_REASONS = [
  'abandoned',
  'duplicate',
  'fraudulent',
  'requested_by_customer',
] as const;

export const cancelParams = z.strictObject({
  ...expand,
  cancellation_reason: choice(CANCELLATION_REASONS).optional(),
});

export const retrieveParams = z.strictObject({ ...expand, client_secret: text(200).optional() });

export const listParams = z.strictObject({ ...page, customer: id().optional() });

export const searchParams = z.strictObject({
  ...expand,
  query: text(2000),
  limit: page.limit,
  page: text(100).optional(),
});
