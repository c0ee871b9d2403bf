import { z } from 'zod';

/**
 * What a client of the platform relies on in its answers: the fixed contract, written down a second
 * time on purpose. A client does not import the server's schemas, so a renamed field fails here.
 */
export const money = z.object({ amount: z.int(), currency: z.literal('EUR') });
const instant = z.iso.datetime();

export const made = z.object({ id: z.string() });
export const session = z.object({ accessToken: z.string(), memberId: z.string() });

export const enrolled = z.object({
  id: z.string().regex(/^enr_/),
  status: z.enum(['held', 'waitlisted', 'confirmed']),
  holdExpiresAt: instant.nullable(),
  amountDue: money,
});

export const opened = z.object({
  id: z.string().regex(/^pay_/),
  status: z.string(),
  clientSecret: z.string(),
});

export const enrollment = z.object({
  id: z.string(),
  activityId: z.string(),
  status: z.enum(['held', 'waitlisted', 'confirmed', 'lapsed', 'cancelled']),
  holdExpiresAt: instant.nullable(),
  amountPaid: money,
  amountRefunded: money,
  payment: z.object({ id: z.string(), status: z.string(), attempt: z.int() }).nullable(),
  ticket: z.string().nullable(),
  confirmedAt: instant.nullable(),
  admittedAt: instant.nullable(),
});

export const activity = z.object({
  id: z.string(),
  status: z.string(),
  title: z.string(),
  availability: z.object({
    capacity: z.int(),
    held: z.int(),
    confirmed: z.int(),
    waitlisted: z.int(),
    free: z.int(),
  }),
});

export const rosterEntry = z.object({
  enrollmentId: z.string(),
  attendeeName: z.string().nullable(),
  status: z.string(),
  ticketVoid: z.boolean(),
});

export const admitted = z.object({ decision: z.literal('admitted'), enrollmentId: z.string() });
export const gifts = z.object({ codes: z.array(z.string()) });
export const redeemed = z.object({ item: z.string(), stockLeft: z.int() });
export const articleMade = z.object({ id: z.string(), slug: z.string() });
export const article = z.object({ slug: z.string(), title: z.string(), body: z.string() });

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export const problem = z.object({
  type: z.string(),
  status: z.int(),
  code: z.string(),
  traceId: z.string(),
});

/** Stripe's side, as far as a client app or an accountant sees it. */
export const intent = z.object({
  id: z.string(),
  status: z.string(),
  amount: z.int(),
  client_secret: z.string(),
  latest_charge: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).optional(),
  next_action: z
    .object({
      redirect_to_url: z.object({ url: z.string() }).optional(),
      use_stripe_sdk: z.object({ stripe_js: z.string() }).optional(),
    })
    .nullable(),
});
export const stripeError = z.object({
  error: z.object({ code: z.string().optional(), decline_code: z.string().optional() }),
});
export const stripeList = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), has_more: z.boolean() });
export const balance = z.object({
  available: z.array(z.object({ amount: z.int(), currency: z.string() })),
  pending: z.array(z.object({ amount: z.int(), currency: z.string() })),
});
export const balanceTransaction = z.object({
  id: z.string(),
  amount: z.int(),
  fee: z.int(),
  net: z.int(),
  type: z.string(),
});

export const mailHead = z.object({ id: z.string(), messageId: z.string().nullable() });
export const mail = z.object({
  id: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  text: z.string().nullable(),
  html: z.string().nullable(),
});
