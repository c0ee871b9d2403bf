import fc from 'fast-check';
import { fold, streamOf } from '../../domain/_kernel/aggregate.ts';
import type { DomainEvent } from '../../domain/_kernel/event.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { type Decision, isRejection } from '../../domain/_kernel/rejection.ts';
import * as enrollments from '../../domain/enrollment/decide.ts';
import type { EnrollmentEvent } from '../../domain/enrollment/events.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import * as payments from '../../domain/payment/decide.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import { payment, type Refund } from '../../domain/payment/state.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { deliver } from '../_runtime/spec-kit.ts';

/**
 * Histories of money that can happen: random steps, of which the domain's own decisions make the
 * events. What the aggregates refuse is left out, so that a read model meets everything that may
 * stand in the log and nothing else. Stripe's statement trails behind, in any order.
 */
export type Step = {
  readonly who: number;
  readonly does:
    | 'pay'
    | 'fee'
    | 'confirm'
    | 'lapse'
    | 'cancel'
    | 'refund'
    | 'settle'
    | 'fail'
    | 'state';
  /** Which refund; of which amount, in thousandths of the payment. */
  readonly refund: number;
  readonly share: number;
};

export type Season = {
  readonly people: readonly {
    readonly price: number;
    readonly serviceFee: number;
    readonly usd: boolean;
  }[];
  readonly steps: readonly Step[];
};

export const seasonArbitrary: fc.Arbitrary<Season> = fc.record({
  people: fc.array(
    fc.record({
      price: fc.integer({ min: 1, max: 9999 }),
      serviceFee: fc.integer({ min: 0, max: 999 }),
      usd: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  steps: fc.array(
    fc.record({
      who: fc.nat(2),
      does: fc.constantFrom<Step['does']>(
        ...(['pay', 'pay', 'fee', 'confirm', 'confirm', 'lapse', 'cancel'] as const),
        ...(['refund', 'refund', 'settle', 'settle', 'fail', 'state', 'state'] as const),
      ),
      refund: fc.nat(3),
      share: fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 1000 })),
    }),
    { minLength: 5, maxLength: 60 },
  ),
});

export const activityId = deriveId('act', 'money');
const now = '2026-05-01T08:00:00.000Z';
type Told = [stream: string, event: DomainEvent];
type Line = {
  readonly id: string;
  readonly category: string;
  readonly gross: number;
  readonly fee: number;
};

/** What Stripe's statement says of a payment's event. */
function lineOf(event: PaymentEvent, id: string): Line | null {
  switch (event.type) {
    case 'PaymentSucceeded':
      return {
        id,
        category: 'charge',
        gross: event.data.amount.amount,
        fee: feeOf(event.data.amount.amount),
      };
    // Stripe books a refund when it is made, which may be days before it is called succeeded.
    case 'RefundRequested':
      return { id, category: 'refund', gross: -event.data.amount.amount, fee: 0 };
    case 'RefundFailed':
      return { id, category: 'refund_failure', gross: event.data.amount.amount, fee: 0 };
    default:
      return null;
  }
}
const feeOf = (amount: number): number => Math.round(amount * 0.015) + 1;

/** The log of a season; `stated`: whether the statement was read to its end. */
export function play({ people, steps }: Season, stated = false): DeliveredEvent[] {
  const told: Told[] = [];
  const folk = people.map((person, n) => open(person, n, told));
  for (const step of steps) folk[step.who % folk.length]?.take(step);
  if (stated) {
    for (const one of folk) {
      one.take({ who: 0, does: 'fee', refund: 0, share: 1 });
      while (one.take({ who: 0, does: 'settle', refund: 0, share: 1 }));
      while (one.take({ who: 0, does: 'state', refund: 0, share: 1 }));
    }
  }
  return deliver(...told);
}

function open(person: Season['people'][number], n: number, told: Told[]) {
  const currency = person.usd ? ('USD' as const) : ('EUR' as const);
  const ids = {
    enrollmentId: deriveId('enr', `money ${n}`),
    activityId,
    memberId: deriveId('mem', `money ${n}`),
  };
  const paymentId = deriveId('pay', `money ${n}`);
  const ticketId = deriveId('tkt', `money ${n}`);
  const due = { amount: person.price + person.serviceFee, currency };
  const history: { enrollment: EnrollmentEvent[]; payment: PaymentEvent[] } = {
    enrollment: [],
    payment: [],
  };
  const lines: Line[] = [];
  let lineCount = 0;
  let refunds = 0;

  const enroll = (decision: Decision<EnrollmentEvent>): boolean => {
    if (isRejection(decision)) return false;
    for (const event of decision) {
      history.enrollment.push(event);
      told.push([streamOf(enrollment, ids.enrollmentId), event]);
    }
    return decision.length > 0;
  };
  const book = (decision: Decision<PaymentEvent>): boolean => {
    if (isRejection(decision)) return false;
    for (const event of decision) {
      history.payment.push(event);
      told.push([streamOf(payment, paymentId), event]);
      const line = lineOf(event, `txn_${n}_${lineCount}`);
      lineCount += 1;
      if (line !== null) lines.push(line);
    }
    return decision.length > 0;
  };
  const state = (index: number): boolean => {
    const [line] = lines.splice(index % Math.max(1, lines.length), 1);
    if (line === undefined) return false;
    const { id: balanceTransactionId, category, gross, fee } = line;
    const data = {
      ...{ balanceTransactionId, type: category, reportingCategory: category },
      ...{ gross, fee, net: gross - fee, currency, sourceId: null, paymentId, activityId },
      ...{ bookedAt: now, availableAt: now },
    };
    told.push([`statement-${balanceTransactionId}`, { type: 'StatementLineRecorded', data }]);
    return true;
  };

  const paying = () => fold(payment, history.payment);
  const enrolled = () => fold(enrollment, history.enrollment);
  const observed = (fee: boolean) => ({
    ...{ intentId: `pi_${n}`, status: 'succeeded' as const, amountReceived: due.amount, currency },
    ...{ chargeId: `ch_${n}`, paidAt: now, decline: null, cancellationReason: null },
    balanceTransaction: fee
      ? { id: `txn_${n}_0`, fee: feeOf(due.amount), net: due.amount - feeOf(due.amount) }
      : null,
  });
  /** A refund among those the filter leaves; one that is not there is refused. */
  const pick = (which: number, fits: (refund: Refund) => boolean) => {
    const state = paying();
    const found = state.status === 'succeeded' ? state.refunds.filter(fits) : [];
    const refundId = found[which % Math.max(1, found.length)]?.refundId ?? deriveId('ref', 'none');
    return { refundId, stripeRefundId: `re_${refundId}` };
  };

  enroll(
    enrollments.requestEnrollment(enrolled(), {
      ...ids,
      ...{ attendeeName: 'A', attendeeEmail: 'a@example.com', ticketId },
      price: { amount: person.price, currency },
      serviceFee: { amount: person.serviceFee, currency },
      amountDue: due,
      outcome: 'held',
      holdExpiresAt: now,
    }),
  );
  book(payments.startPayment(paying(), { paymentId, ...ids, method: 'card', amount: due }));

  const paid = () => paying().status === 'succeeded';
  const does: Readonly<Record<Step['does'], (step: Step) => boolean>> = {
    pay: () => book(payments.recordStripeState(paying(), observed(false))),
    fee: () => paid() && book(payments.recordStripeState(paying(), observed(true))),
    confirm: () =>
      // Money on its way back confirms nothing: the process manager decides for one of the two.
      paid() &&
      !history.payment.some(({ type }) => type === 'RefundRequested') &&
      enroll(enrollments.confirmEnrollment(enrolled(), { paymentId, amountPaid: due, ticketId })),
    lapse: () => enroll(enrollments.lapseEnrollment(enrolled())),
    cancel: () => enroll(enrollments.cancelEnrollment(enrolled(), { cause: 'activity-cancelled' })),
    refund: ({ share }) => {
      const amount = { amount: Math.max(1, Math.floor((due.amount * share) / 1000)), currency };
      const refundId = deriveId('ref', `money ${n}`, refunds);
      refunds += 1;
      const request = { refundId, amount, cause: 'enrollment-cancelled' as const };
      return book(payments.requestRefund(paying(), request));
    },
    settle: ({ refund }) =>
      book(
        payments.settleRefund(paying(), {
          ...pick(refund, ({ status }) => status === 'requested'),
          balanceTransactionId: null,
        }),
      ),
    fail: ({ refund }) =>
      book(
        payments.failRefund(paying(), {
          ...pick(refund, ({ status }) => status !== 'failed'),
          code: 'lost_card',
        }),
      ),
    state: ({ refund }) => state(refund),
  };
  return { take: (step: Step): boolean => does[step.does](step) };
}
