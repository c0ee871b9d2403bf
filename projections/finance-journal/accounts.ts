import type { EventOf } from '../../domain/_kernel/event.ts';
import type { EnrollmentConfirmed } from '../../domain/enrollment/events.ts';
import type {
  CashPaymentReceived,
  CashRefundPaidOut,
  PaymentFeeCharged,
  PaymentSucceeded,
  RefundFailed,
  RefundRequested,
  RefundSettled,
} from '../../domain/payment/events.ts';
import type { TillClosed } from '../../domain/till/events.ts';

/** The chart of accounts: every account a line can name. */
export const accounts = {
  'stripe-clearing': 'Asset: what Stripe owes us',
  'cash-tills': 'Asset: cash of the tills, without the change that was put in',
  'customer-prepayments': 'Liability: paid for enrollments that are not confirmed',
  'refunds-payable': 'Liability: to go back to members, not settled yet',
  'activity-revenue': 'Income: prices of confirmed enrollments',
  'service-fee-revenue': 'Income: service fees of confirmed enrollments',
  'payment-fees': "Expense: Stripe's fees",
  'cash-over-short': 'Expense: what tills were short of when they were counted, less what was over',
} as const;
export type Account = keyof typeof accounts;

/** One side of an entry, in minor units of the entry's currency. */
export type Line = { readonly account: Account; readonly debit: number; readonly credit: number };

/** Where money that goes back was booked: what a refund takes from, and a failed one puts back. */
export type Source = {
  readonly prepayments: number;
  readonly activity: number;
  readonly service: number;
};

/** What is known of an enrollment's money before the event that is booked. */
export type Position = {
  readonly serviceFee: number;
  /** The payment whose money is recognised as revenue; null: none yet. */
  readonly recognised: string | null;
  /** Recognised and not refunded. */
  readonly activityRevenue: number;
  readonly serviceRevenue: number;
  readonly refunds: Readonly<Record<string, Source & { readonly settled: boolean }>>;
};

type Booked =
  | EventOf<typeof CashPaymentReceived>
  | EventOf<typeof CashRefundPaidOut>
  | EventOf<typeof PaymentSucceeded>
  | EventOf<typeof PaymentFeeCharged>
  | EventOf<typeof EnrollmentConfirmed>
  | EventOf<typeof RefundRequested>
  | EventOf<typeof RefundSettled>
  | EventOf<typeof RefundFailed>;
export type BookedType = Booked['type'];
export type BookedEvent<T extends BookedType = BookedType> = Extract<Booked, { type: T }>;

const debit = (account: Account, amount: number): Line => ({ account, debit: amount, credit: 0 });
const credit = (account: Account, amount: number): Line => ({ account, debit: 0, credit: amount });

type Rule<T extends BookedType> = {
  readonly memo: string;
  readonly lines: (data: BookedEvent<T>['data'], position: Position) => readonly Line[];
};

/** Event → entry. Lines of zero are left out when it is booked. */
export const rules: { readonly [T in BookedType]: Rule<T> } = {
  CashPaymentReceived: {
    memo: 'Cash taken at a till',
    lines: ({ amount: { amount } }) => [
      debit('cash-tills', amount),
      credit('customer-prepayments', amount),
    ],
  },
  CashRefundPaidOut: {
    memo: 'Refund paid out at a till',
    lines: ({ amount: { amount } }) => [
      debit('refunds-payable', amount),
      credit('cash-tills', amount),
    ],
  },
  PaymentSucceeded: {
    memo: 'Card payment captured',
    lines: ({ amount: { amount } }) => [
      debit('stripe-clearing', amount),
      credit('customer-prepayments', amount),
    ],
  },
  PaymentFeeCharged: {
    memo: "Stripe's fee for a payment",
    lines: ({ fee: { amount } }) => [
      debit('payment-fees', amount),
      credit('stripe-clearing', amount),
    ],
  },
  EnrollmentConfirmed: {
    memo: 'Enrollment confirmed: revenue recognised',
    lines: ({ amountPaid: { amount } }, { serviceFee }) => [
      debit('customer-prepayments', amount),
      credit('activity-revenue', amount - Math.min(serviceFee, amount)),
      credit('service-fee-revenue', Math.min(serviceFee, amount)),
    ],
  },
  RefundRequested: {
    memo: 'Refund promised',
    lines: (data, position) => {
      const { prepayments, activity, service } = sourceOf(data, position);
      return [
        debit('customer-prepayments', prepayments),
        debit('activity-revenue', activity),
        debit('service-fee-revenue', service),
        credit('refunds-payable', data.amount.amount),
      ];
    },
  },
  RefundSettled: {
    memo: 'Refund paid by Stripe',
    lines: ({ amount: { amount } }) => [
      debit('refunds-payable', amount),
      credit('stripe-clearing', amount),
    ],
  },
  RefundFailed: {
    memo: 'Refund failed: booked back',
    lines: ({ refundId, amount: { amount } }, { refunds }) => {
      const refund = refunds[refundId];
      if (refund === undefined) throw new RangeError(`refund ${refundId} was never requested`);
      return [
        // A refund can fail after it was paid: then the money is with Stripe again.
        debit(refund.settled ? 'stripe-clearing' : 'refunds-payable', amount),
        credit('customer-prepayments', refund.prepayments),
        credit('activity-revenue', refund.activity),
        credit('service-fee-revenue', refund.service),
      ];
    },
  },
};

/**
 * Where a refund takes its money from. What was recognised from this payment goes back first, the
 * price before the service fee; money that never became revenue is still a prepayment.
 */
export function sourceOf(
  { paymentId, amount: { amount } }: BookedEvent<'RefundRequested'>['data'],
  { recognised, activityRevenue, serviceRevenue }: Position,
): Source {
  if (recognised !== paymentId) return { prepayments: amount, activity: 0, service: 0 };
  const activity = Math.min(amount, activityRevenue);
  const service = Math.min(amount - activity, serviceRevenue);
  return { prepayments: amount - activity - service, activity, service };
}

/** What is known after an event. */
export function advance(position: Position, event: BookedEvent): Position {
  switch (event.type) {
    case 'PaymentSucceeded':
    case 'CashPaymentReceived':
    case 'PaymentFeeCharged':
      return position;
    case 'EnrollmentConfirmed': {
      const { paymentId, amountPaid } = event.data;
      const service = Math.min(position.serviceFee, amountPaid.amount);
      return {
        ...position,
        recognised: paymentId,
        activityRevenue: amountPaid.amount - service,
        serviceRevenue: service,
      };
    }
    case 'RefundRequested': {
      const source = sourceOf(event.data, position);
      return {
        ...moved(position, source, -1),
        refunds: { ...position.refunds, [event.data.refundId]: { ...source, settled: false } },
      };
    }
    case 'RefundSettled':
    case 'CashRefundPaidOut':
    case 'RefundFailed': {
      const { [event.data.refundId]: refund, ...others } = position.refunds;
      if (refund === undefined) throw new RangeError('the refund was never requested');
      return event.type === 'RefundFailed'
        ? { ...moved(position, refund, 1), refunds: others }
        : {
            ...position,
            refunds: { ...others, [event.data.refundId]: { ...refund, settled: true } },
          };
    }
  }
}

const moved = (position: Position, { activity, service }: Source, sign: 1 | -1): Position => ({
  ...position,
  activityRevenue: position.activityRevenue + sign * activity,
  serviceRevenue: position.serviceRevenue + sign * service,
});

/** An entry whose sides differ, or with a side below zero: it is never booked. */
export class UnbalancedEntryError extends Error {
  override readonly name = 'UnbalancedEntryError';
}

/** The lines of an event, checked: debit equals credit after every single event. */
export function linesOf(event: BookedEvent, position: Position): readonly Line[] {
  // One cast: TypeScript does not see that a type's rule gets the data of that type.
  const rule = rules[event.type] as Rule<BookedType>;
  return balanced(event.type, rule.lines(event.data, position));
}

/** What a count found beside what was booked: after it `cash-tills` is what was in the drawer. */
export const tillMemo = 'Till counted: over or short';
export function tillLines({ over, short }: EventOf<typeof TillClosed>['data']): readonly Line[] {
  return balanced('TillClosed', [
    debit('cash-tills', over.amount),
    credit('cash-over-short', over.amount),
    debit('cash-over-short', short.amount),
    credit('cash-tills', short.amount),
  ]);
}

function balanced(type: string, all: readonly Line[]): readonly Line[] {
  const lines = all.filter((line) => line.debit !== 0 || line.credit !== 0);
  const debits = lines.reduce((sum, line) => sum + line.debit, 0);
  const credits = lines.reduce((sum, line) => sum + line.credit, 0);
  if (debits !== credits || lines.some((line) => line.debit < 0 || line.credit < 0)) {
    throw new UnbalancedEntryError(`${type}: debit ${debits}, credit ${credits}`);
  }
  return lines;
}
