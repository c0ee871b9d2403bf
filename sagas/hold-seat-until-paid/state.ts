import type { EventsOf } from '../../domain/_kernel/event.ts';
import type {
  ActivityId,
  EnrollmentId,
  MemberId,
  PaymentId,
  RefundId,
  TicketId,
} from '../../domain/_kernel/ids.ts';
import type { Money } from '../../domain/_kernel/money.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import type { enrollmentEvents } from '../../domain/enrollment/events.ts';
import type { paymentEvents } from '../../domain/payment/events.ts';
import type { seatingEvents } from '../../domain/seating/events.ts';

type Data<
  Set extends typeof enrollmentEvents | typeof paymentEvents | typeof seatingEvents,
  Type extends EventsOf<Set>['type'],
> = Extract<EventsOf<Set>, { readonly type: Type }>['data'];

export type RefundCause = Data<typeof paymentEvents, 'RefundRequested'>['cause'];
export type CancelCause = Data<typeof enrollmentEvents, 'EnrollmentCancelled'>['cause'];
export type ReleaseCause = Data<typeof seatingEvents, 'SeatReleased'>['cause'];
export type ConfirmCause = Data<typeof seatingEvents, 'SeatConfirmed'>['cause'];

/** A payment as far as the saga has to follow it. */
export type FollowedPayment = {
  readonly amount: Money;
  /** `sought`: it may still bring money. `paid`: it did. `over`: it cannot any more. */
  readonly status: 'sought' | 'paid' | 'over';
  /** The fee is known: nothing is left to be asked about. */
  readonly settled: boolean;
  /** How often the janitor has looked. */
  readonly looks: number;
  /** The money goes back. */
  readonly refunding: boolean;
  /** Why, and how often Stripe could not do it. */
  readonly refundCause?: RefundCause;
  readonly failedRefunds?: number;
  /** Staff took it in cash, and staff pay it out: there is nothing to ask Stripe. */
  readonly inCash?: true;
};

/** What the seating's stream says of this enrollment's seat. */
export type Seat =
  | { readonly status: 'none' }
  | { readonly status: 'waitlisted' }
  | { readonly status: 'held'; readonly until: Instant; readonly promoted: boolean }
  | { readonly status: 'confirmed'; readonly cause: ConfirmCause }
  | { readonly status: 'released'; readonly cause: ReleaseCause };

export type HoldState = {
  readonly ids: {
    readonly enrollmentId: EnrollmentId;
    readonly activityId: ActivityId;
    readonly memberId: MemberId;
  } | null;
  /** What the enrollment's own stream says. `unknown`: its first event has not been seen. */
  readonly enrollment: 'unknown' | 'held' | 'waiting' | 'confirmed' | 'lapsed' | 'cancelled';
  readonly cancelCause: CancelCause | null;
  readonly ticketId: TicketId | null;
  readonly seat: Seat;
  /** How often the seat was asked to let its hold go since it was held. */
  readonly holdAsked?: number;
  readonly payments: Readonly<Record<PaymentId, FollowedPayment>>;
  /** Refunds that were decided and of which Stripe's last word is not known: how often it was asked. */
  readonly refunds: Readonly<
    Record<RefundId, { readonly paymentId: PaymentId; readonly rounds: number }>
  >;
  /** The payment that a seat is being asked for, or that has got it. One only. */
  readonly seating: PaymentId | null;
  /** How often a seat was refused to a payment for no reason that money can have. */
  readonly seatRefused?: { readonly paymentId: PaymentId; readonly times: number };
  /** The moment of the newest event: refusals carry none, and their timers count from it. */
  readonly heardAt?: Instant;
  /** The enrollment has lapsed, and the time in which its money might still come is over too. */
  readonly lateMoneyOver?: true;
};

export const initial: HoldState = {
  ids: null,
  enrollment: 'unknown',
  cancelCause: null,
  ticketId: null,
  seat: { status: 'none' },
  payments: {},
  refunds: {},
  seating: null,
};

export function withPayment(
  state: HoldState,
  paymentId: PaymentId,
  change: Partial<FollowedPayment>,
): HoldState {
  const payment = state.payments[paymentId];
  if (payment === undefined) return state;
  return { ...state, payments: { ...state.payments, [paymentId]: { ...payment, ...change } } };
}

/** It may still bring money, but there is nothing left for it to pay. */
export function isUnwanted(state: HoldState, paymentId: PaymentId): boolean {
  if (state.payments[paymentId]?.status !== 'sought') return false;
  switch (state.enrollment) {
    case 'cancelled':
      return true;
    case 'lapsed':
      return state.lateMoneyOver === true && state.seating === null;
    case 'confirmed':
      return state.seating !== paymentId;
    case 'unknown':
    case 'held':
    case 'waiting':
      return false;
  }
}

export function paymentsOf(state: HoldState): [PaymentId, FollowedPayment][] {
  return Object.entries(state.payments) as [PaymentId, FollowedPayment][];
}
