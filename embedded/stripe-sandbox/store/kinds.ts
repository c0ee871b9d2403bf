import type Stripe from 'stripe';

/** The kinds of API object the sandbox keeps, checked against the `stripe` package's own types. */
export type Kinds = {
  balance_transaction: Stripe.BalanceTransaction;
  charge: Stripe.Charge;
  customer: Stripe.Customer;
  event: StoredEvent;
  payment_intent: Stripe.PaymentIntent;
  payment_method: Stripe.PaymentMethod;
  refund: Stripe.Refund;
};
export type Kind = keyof Kinds;

/** `Stripe.Event` is a union over 260 types; what we store is its common shape. */
export type StoredEvent = {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: unknown; previous_attributes?: Record<string, unknown> };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: EventType;
};

export type EventType =
  | 'charge.failed'
  | 'charge.pending'
  | 'charge.refund.updated'
  | 'charge.refunded'
  | 'charge.succeeded'
  | 'charge.updated'
  | 'payment_intent.canceled'
  | 'payment_intent.created'
  | 'payment_intent.payment_failed'
  | 'payment_intent.processing'
  | 'payment_intent.requires_action'
  | 'payment_intent.succeeded'
  | 'refund.created'
  | 'refund.failed'
  | 'refund.updated';

/** State that Stripe keeps but never answers. */
export type Hidden = {
  /** payment_method: the entry of the test card table. */
  card?: string;
  /** payment_intent: the open 3-D Secure challenge, and where the browser goes after it. */
  attempt?: string;
  returnUrl?: string;
  /** charge: captured, its balance transaction still to come (`automatic_async`). */
  settle?: 'due';
  /** What the bank decides later, and from when on (milliseconds since 1970). */
  dueAt?: number;
  /** charge: its refunds fail after a while, or are pending for a while. */
  refunds?: 'fail' | 'pend';
  /** charge: its funds are available at once. */
  bypassPending?: boolean;
  /** charge: when its money becomes available; a refund comes out of the same money. */
  availableOn?: number;
};

export type Stored<K extends Kind> = { body: Kinds[K]; hidden: Hidden };
