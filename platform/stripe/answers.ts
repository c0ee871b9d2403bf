import { z } from 'zod';
import {
  type ActivityId,
  type EnrollmentId,
  idSchema,
  type PaymentId,
  type RefundId,
} from '../../domain/_kernel/ids.ts';
import { type Currency, currencySchema } from '../../domain/_kernel/money.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import { StripeAnswerError } from './errors.ts';

/**
 * What we rely on in Stripe's answers, and nothing else: everything is checked where it comes in
 * (OWASP API10, unsafe consumption of APIs), and members that we do not use may come and go.
 */
export function parseAnswer<S extends z.ZodType>(
  schema: S,
  answer: unknown,
  what: string,
): z.output<S> {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new StripeAnswerError(
    `${what}: /${issue?.path.join('/') ?? ''} is not as documented (${issue?.message ?? ''})`,
  );
}

/** Unix seconds → instant. */
const momentSchema = z
  .int()
  .min(0)
  .transform((seconds): Instant => new Date(seconds * 1000).toISOString());

const metadataSchema = z.record(z.string(), z.string()).nullish();
type Metadata = z.output<typeof metadataSchema>;

const balanceTransactionSchema = z.object({
  id: z.string(),
  fee: z.int(),
  net: z.int(),
  currency: z.string(),
});

const chargeSchema = z.object({
  id: z.string(),
  created: momentSchema,
  /** Comes some time after the charge; an id where it was not expanded. */
  balance_transaction: z.union([z.string(), balanceTransactionSchema]).nullable(),
});

const statusSchema = z.enum([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
]);

export const intentSchema = z.object({
  id: z.string(),
  status: statusSchema,
  amount_received: z.int().min(0),
  currency: z.string(),
  client_secret: z.string().nullable(),
  cancellation_reason: z.string().nullable(),
  metadata: metadataSchema,
  latest_charge: z.union([z.string(), chargeSchema]).nullable(),
  last_payment_error: z
    .object({
      charge: z.string().optional(),
      code: z.string().optional(),
      type: z.string(),
      decline_code: z.string().optional(),
    })
    .nullable(),
});

/** A PaymentIntent as it is now; the shape that the domain folds. */
export type ObservedIntent = {
  readonly intentId: string;
  readonly status: z.output<typeof statusSchema>;
  /** Minor units. */
  readonly amountReceived: number;
  readonly currency: string;
  readonly chargeId: string | null;
  readonly paidAt: Instant | null;
  readonly balanceTransaction: {
    readonly id: string;
    readonly fee: number;
    readonly net: number;
  } | null;
  readonly decline: {
    readonly chargeId: string | null;
    readonly code: string;
    readonly declineCode: string | null;
  } | null;
  readonly cancellationReason: string | null;
};

/** The ids we put into the metadata; null where they are missing (not made by us). */
export type OurIds = {
  readonly paymentId: PaymentId | null;
  readonly enrollmentId: EnrollmentId | null;
  readonly activityId: ActivityId | null;
  readonly refundId: RefundId | null;
};

/** Made once: a schema costs a hundred times what it takes to parse an id with it. */
const ids = {
  payment: idSchema('pay'),
  enrollment: idSchema('enr'),
  activity: idSchema('act'),
  refund: idSchema('ref'),
};

/** The metadata of anything at Stripe; an id of the wrong form counts as missing. */
export function ourIds(metadata: Metadata): OurIds {
  const idOf = <T>(name: string, schema: z.ZodType<T>): T | null => {
    const parsed = schema.safeParse(metadata?.[name]);
    return parsed.success ? parsed.data : null;
  };
  return {
    paymentId: idOf('payment_id', ids.payment),
    enrollmentId: idOf('enrollment_id', ids.enrollment),
    activityId: idOf('activity_id', ids.activity),
    refundId: idOf('refund_id', ids.refund),
  };
}

/** An intent with its charge and balance transaction expanded, as the domain folds it. */
export function observationOf(intent: z.output<typeof intentSchema>): ObservedIntent {
  const { latest_charge: charge, last_payment_error: error } = intent;
  const expanded = typeof charge === 'string' ? null : charge;
  const transaction = expanded?.balance_transaction ?? null;
  // Fees in another currency than the payment's (a foreign settlement account) are the statement's business.
  const settled =
    transaction !== null &&
    typeof transaction !== 'string' &&
    transaction.currency === intent.currency;
  return {
    intentId: intent.id,
    status: intent.status,
    amountReceived: intent.amount_received,
    currency: intent.currency,
    chargeId: typeof charge === 'string' ? charge : (charge?.id ?? null),
    paidAt: intent.status === 'succeeded' ? (expanded?.created ?? null) : null,
    balanceTransaction: settled
      ? { id: transaction.id, fee: transaction.fee, net: transaction.net }
      : null,
    decline:
      error === null
        ? null
        : {
            chargeId: error.charge ?? null,
            code: error.code ?? error.type,
            declineCode: error.decline_code ?? null,
          },
    cancellationReason: intent.cancellation_reason,
  };
}

export const refundSchema = z.object({
  id: z.string(),
  amount: z.int(),
  status: z.string().nullable(),
  failure_reason: z.string().optional(),
  balance_transaction: z.string().nullable(),
  payment_intent: z.string().nullable(),
  metadata: metadataSchema,
});

/** A refund at Stripe, as it is now. */
export type ObservedRefund = {
  /** Null: Stripe refused to make one. */
  readonly stripeRefundId: string | null;
  readonly status: 'pending' | 'succeeded' | 'failed';
  /** Why it failed; empty while it has not. */
  readonly code: string;
  readonly balanceTransactionId: string | null;
  readonly intentId: string | null;
  readonly ids: OurIds;
};

function refundStatusOf(status: string | null): ObservedRefund['status'] {
  if (status === 'succeeded') return 'succeeded';
  if (status === 'failed' || status === 'canceled') return 'failed';
  // `requires_action` waits for the customer: pending, to us.
  return 'pending';
}

/** A refund as it is now: pending, succeeded or failed, nothing between. */
export function refundOf(refund: z.output<typeof refundSchema>): ObservedRefund {
  const failed = refundStatusOf(refund.status) === 'failed';
  return {
    stripeRefundId: refund.id,
    status: refundStatusOf(refund.status),
    code: failed ? (refund.failure_reason ?? refund.status ?? 'failed') : '',
    balanceTransactionId: refund.balance_transaction,
    intentId: refund.payment_intent,
    ids: ourIds(refund.metadata),
  };
}

const sourceSchema = z.object({
  id: z.string(),
  metadata: metadataSchema,
  payment_intent: z.string().nullish(),
});

export const statementLineSchema = z.object({
  id: z.string(),
  type: z.string(),
  reporting_category: z.string(),
  amount: z.int(),
  fee: z.int(),
  net: z.int(),
  currency: z.string(),
  created: z.int().min(0),
  available_on: momentSchema,
  source: z.union([z.string(), sourceSchema]).nullable(),
});

/** A line of Stripe's account statement. */
export type ObservedLine = {
  readonly balanceTransactionId: string;
  readonly type: string;
  readonly reportingCategory: string;
  readonly gross: number;
  readonly fee: number;
  readonly net: number;
  readonly currency: Currency;
  readonly sourceId: string | null;
  /** Of the metadata of charge or refund. */
  readonly ids: OurIds;
  /** The intent that charge or refund belong to: a refund made by hand has no metadata of ours, its intent has. */
  readonly intentId: string | null;
  readonly bookedAt: Instant;
  readonly availableAt: Instant;
  /** Unix seconds: what pages are cut by. */
  readonly created: number;
};

/** One balance transaction: what Stripe's statement says about one movement of money. */
export function lineOf(line: z.output<typeof statementLineSchema>): ObservedLine {
  const { source } = line;
  const object = source === null || typeof source === 'string' ? null : source;
  return {
    balanceTransactionId: line.id,
    type: line.type,
    reportingCategory: line.reporting_category,
    gross: line.amount,
    fee: line.fee,
    net: line.net,
    currency: parseAnswer(currencySchema, line.currency.toUpperCase(), `currency of ${line.id}`),
    sourceId: typeof source === 'string' ? source : (object?.id ?? null),
    ids: ourIds(object?.metadata),
    intentId: object?.payment_intent ?? null,
    bookedAt: new Date(line.created * 1000).toISOString(),
    availableAt: line.available_on,
    created: line.created,
  };
}
