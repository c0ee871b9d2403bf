/**
 * Every refusal code of the platform, with its HTTP status and what it tells a client. Problem
 * documents, the OpenAPI descriptions and the reference page come from this table.
 */
export type Refusal = {
  readonly status: 400 | 403 | 404 | 409 | 422;
  readonly title: string;
  readonly description: string;
};

export const refusalTable = {
  'already-cancelled': {
    status: 409,
    title: 'Already cancelled',
    description: 'It was cancelled before.',
  },
  'already-checked-in': {
    status: 409,
    title: 'Already checked in',
    description:
      'The ticket was admitted before; `admittedAt` says when. A scan is recorded all the same; an enrollment cannot be cancelled any more.',
  },
  'already-confirmed': {
    status: 409,
    title: 'Already confirmed',
    description: 'The enrollment is paid and confirmed; nothing is due.',
  },
  'already-exists': {
    status: 409,
    title: 'Already exists',
    description: 'It was made before by another command.',
  },
  'already-paid': {
    status: 409,
    title: 'Already paid',
    description: 'The cash for this enrollment is in the till already, by the payment `paymentId`.',
  },
  'already-paid-out': {
    status: 409,
    title: 'Already paid out',
    description: 'The refund was paid out before, at the till `tillId`: keep the cash.',
  },
  'already-published': {
    status: 409,
    title: 'Already published',
    description: 'It is visible already.',
  },
  'already-redeemed': {
    status: 409,
    title: 'Already redeemed',
    description: 'The gift code was used before.',
  },
  'already-registered': {
    status: 409,
    title: 'Already registered',
    description: 'The member is registered.',
  },
  'already-started': {
    status: 409,
    title: 'Already started',
    description: 'The activity has begun. From then on only staff cancel enrollments.',
  },
  'amount-mismatch': {
    status: 409,
    title: 'Amount mismatch',
    description: 'Stripe reports another amount than the payment is for.',
  },
  cancelled: {
    status: 409,
    title: 'Cancelled',
    description: 'It was cancelled and cannot be used any more.',
  },
  closed: {
    status: 409,
    title: 'Enrollment closed',
    description: 'No seats are given away any more.',
  },
  'currency-differs': {
    status: 422,
    title: 'Currency differs',
    description: 'A till is kept in the currency of its activity, `currency`.',
  },
  'date-in-future': {
    status: 422,
    title: 'Date in the future',
    description: 'The day has not come yet.',
  },
  'duplicate-code': {
    status: 409,
    title: 'Duplicate code',
    description: 'A gift code of the batch exists already.',
  },
  'effective-in-past': {
    status: 422,
    title: 'Effective in the past',
    description: 'A setting cannot be changed for a time that has passed.',
  },
  'email-taken': {
    status: 409,
    title: 'E-mail address taken',
    description: 'An account with this e-mail address exists; log in instead.',
  },
  'ends-before-start': {
    status: 422,
    title: 'Ends before it starts',
    description: '`endsAt` must be after `startsAt`, `validUntil` not before `givenOn`.',
  },
  'hold-expired': {
    status: 409,
    title: 'Hold expired',
    description: 'The seat was not paid in time; enroll again.',
  },
  'intent-mismatch': {
    status: 409,
    title: 'Another PaymentIntent',
    description: 'The payment belongs to another PaymentIntent.',
  },
  'invalid-ticket': {
    status: 409,
    title: 'Invalid ticket',
    description: 'The ticket is not one of ours, or was changed.',
  },
  lapsed: {
    status: 409,
    title: 'Enrollment lapsed',
    description: 'The hold ended unpaid; enroll again.',
  },
  'incomplete-observation': {
    status: 409,
    title: 'Incomplete observation',
    description: 'Stripe reports a success without its charge.',
  },
  'not-confirmed': {
    status: 409,
    title: 'Not confirmed',
    description: 'The enrollment was never confirmed.',
  },
  'nothing-to-refund': {
    status: 422,
    title: 'Nothing to refund',
    description: 'A refund is at least one minor unit.',
  },
  'payment-due': {
    status: 409,
    title: 'Payment due',
    description: 'The enrollment is not free of charge.',
  },
  'refund-not-found': {
    status: 404,
    title: 'Refund not found',
    description: 'The payment has no such refund.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    description: 'It does not exist, or it is not yours.',
  },
  'not-enough-cash': {
    status: 409,
    title: 'Not enough cash',
    description: 'There cannot be as much in the till.',
  },
  'not-open': { status: 409, title: 'Not open', description: 'The activity is not published.' },
  'not-paid': {
    status: 409,
    title: 'Not paid',
    description: 'There is no captured money to give back.',
  },
  'out-of-stock': {
    status: 409,
    title: 'Out of stock',
    description: 'The code is good, but no item is left.',
  },
  'paid-by-card': {
    status: 409,
    title: 'Paid by card',
    description: 'Stripe gives the money back to the card; nothing is paid out at a till.',
  },
  'paid-in-cash': {
    status: 409,
    title: 'Paid in cash',
    description: 'The payment was made at a till; Stripe has no part in it.',
  },
  'payment-refused': {
    status: 409,
    title: 'Payment refused',
    description:
      "Stripe does not take this payment; `reason` is Stripe's code, such as `amount_too_small`.",
  },
  'pet-not-found': {
    status: 404,
    title: 'Pet not found',
    description: 'The member has no such pet; `petId` says which.',
  },
  'pet-required': {
    status: 409,
    title: 'Pet required',
    description: 'The activity is for pets: name those who come in `petIds`.',
  },
  'pet-species': {
    status: 409,
    title: 'Other species wanted',
    description: 'The activity is for pets of the `species`; `petId` is of another.',
  },
  'pet-too-young': {
    status: 409,
    title: 'Pet too young',
    description: 'The pet `petId` is younger than `minAgeMonths` on the day of the activity.',
  },
  'refund-exceeds-payment': {
    status: 409,
    title: 'Refund exceeds payment',
    description: 'More would go back than was captured.',
  },
  'seat-limit': {
    status: 409,
    title: 'Seat limit reached',
    description: 'The member has as many seats of this activity as one may have.',
  },
  'slug-taken': { status: 409, title: 'Slug taken', description: 'Another article has this slug.' },
  'sold-out': {
    status: 409,
    title: 'Sold out',
    description:
      'No seat is left. `joinWaitlist` asks for a place in the waitlist where there is one.',
  },
  'staff-only': {
    status: 403,
    title: 'Staff only',
    description: 'Cash is taken by staff, at a till.',
  },
  'starts-in-past': {
    status: 422,
    title: 'Starts in the past',
    description: '`startsAt` must be in the future.',
  },
  'statement-changed': {
    status: 409,
    title: 'Statement line changed',
    description: 'Stripe shows another content under a known balance transaction.',
  },
  taken: { status: 409, title: 'Taken', description: 'The value belongs to somebody else.' },
  'till-closed': {
    status: 409,
    title: 'Till closed',
    description: 'The till was counted and closed; open another.',
  },
  'too-many-codes': {
    status: 422,
    title: 'Too many codes',
    description: 'An activity has at most 10,000 gift codes.',
  },
  'unknown-code': {
    status: 404,
    title: 'Unknown code',
    description: 'No gift code of this activity reads like that.',
  },
  unpaid: { status: 409, title: 'Unpaid', description: 'The enrollment is not paid.' },
  waitlisted: {
    status: 409,
    title: 'Waitlisted',
    description: 'The enrollment waits for a seat; nothing can be paid yet.',
  },
  'wrong-till': {
    status: 409,
    title: 'Wrong till',
    description: 'The till is that of another activity.',
  },
  'wrong-activity': {
    status: 409,
    title: 'Wrong activity',
    description: 'The ticket is for another activity. The scan was recorded.',
  },
} as const satisfies Readonly<Record<string, Refusal>>;

export type RefusalCode = keyof typeof refusalTable;

/** A code that is not in the table is a plain 409: a spec keeps that from happening. */
export function refusalOf(code: string): Refusal {
  return code in refusalTable
    ? refusalTable[code as RefusalCode]
    : { status: 409, title: 'Refused', description: 'The command was refused.' };
}
