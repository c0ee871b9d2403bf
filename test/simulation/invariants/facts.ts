import type { DomainEvent, StoredEvent } from '../../../domain/_kernel/event.ts';
import type { ActivityId, EnrollmentId, PaymentId, TicketId } from '../../../domain/_kernel/ids.ts';
import type { EnrollmentEvent } from '../../../domain/enrollment/events.ts';
import type { PaymentEvent } from '../../../domain/payment/events.ts';
import type { SeatingEvent } from '../../../domain/seating/events.ts';
import type { TicketEvent } from '../../../domain/ticket/events.ts';

type Heard = SeatingEvent | EnrollmentEvent | PaymentEvent | TicketEvent;

export type EnrollmentFacts = {
  readonly activityId: ActivityId;
  readonly amountDue: number;
  status: 'held' | 'waitlisted' | 'confirmed' | 'lapsed' | 'cancelled';
  paymentId: PaymentId | null;
  confirmations: number;
  mailsSent: number;
};

/**
 * What the log says, told by its events alone: a ledger of its own beside the product's folds, so
 * that a mistake in one of those is not made twice.
 */
export type Facts = {
  readonly capacity: Map<ActivityId, number>;
  /** Held or confirmed, with which of both. */
  readonly seats: Map<ActivityId, Map<EnrollmentId, 'held' | 'confirmed'>>;
  readonly enrollments: Map<EnrollmentId, EnrollmentFacts>;
  readonly tickets: Map<EnrollmentId, { readonly id: TicketId; issued: number; voided: number }>;
  readonly ids: Set<string>;
  hear(event: StoredEvent): void;
};

export function createFacts(): Facts {
  const facts: Omit<Facts, 'hear'> = {
    ...{ capacity: new Map(), seats: new Map(), enrollments: new Map(), tickets: new Map() },
    ids: new Set(),
  };
  const of = (id: EnrollmentId, change: (enrollment: EnrollmentFacts) => void): void => {
    const enrollment = facts.enrollments.get(id);
    if (enrollment === undefined) throw new RangeError(`${id} was never requested`);
    change(enrollment);
  };
  const becomes = (id: EnrollmentId, status: EnrollmentFacts['status']): void =>
    of(id, (enrollment) => {
      enrollment.status = status;
    });
  const seatsOf = (id: ActivityId) => {
    const seats = facts.seats.get(id) ?? new Map<EnrollmentId, 'held' | 'confirmed'>();
    facts.seats.set(id, seats);
    return seats;
  };
  const ticketOf = (id: EnrollmentId, ticketId: TicketId) => {
    const ticket = facts.tickets.get(id) ?? { id: ticketId, issued: 0, voided: 0 };
    facts.tickets.set(id, ticket);
    return ticket;
  };
  type Data<Type extends Heard['type']> = Extract<Heard, { type: Type }>['data'];
  const hearing: { readonly [Type in Heard['type']]?: (data: Data<Type>) => void } = {
    SeatingOpened: ({ activityId, capacity }) => facts.capacity.set(activityId, capacity),
    SeatHeld: ({ activityId, enrollmentId }) => seatsOf(activityId).set(enrollmentId, 'held'),
    SeatConfirmed: ({ activityId, enrollmentId }) =>
      seatsOf(activityId).set(enrollmentId, 'confirmed'),
    SeatReleased: ({ activityId, enrollmentId }) => seatsOf(activityId).delete(enrollmentId),
    EnrollmentRequested: ({ enrollmentId, activityId, amountDue, outcome }) =>
      facts.enrollments.set(enrollmentId, {
        ...{ activityId, amountDue: amountDue.amount, paymentId: null },
        status: outcome === 'confirmed' ? 'held' : outcome,
        ...{ confirmations: 0, mailsSent: 0 },
      }),
    EnrollmentPromoted: ({ enrollmentId }) => becomes(enrollmentId, 'held'),
    EnrollmentLapsed: ({ enrollmentId }) => becomes(enrollmentId, 'lapsed'),
    EnrollmentCancelled: ({ enrollmentId }) => becomes(enrollmentId, 'cancelled'),
    EnrollmentConfirmed: ({ enrollmentId, paymentId }) =>
      of(enrollmentId, (enrollment) => {
        enrollment.status = 'confirmed';
        enrollment.paymentId = paymentId;
        enrollment.confirmations += 1;
      }),
    ConfirmationSent: ({ enrollmentId }) =>
      of(enrollmentId, (enrollment) => {
        enrollment.mailsSent += 1;
      }),
    TicketIssued: ({ enrollmentId, ticketId }) => {
      ticketOf(enrollmentId, ticketId).issued += 1;
    },
    TicketVoided: ({ enrollmentId, ticketId }) => {
      ticketOf(enrollmentId, ticketId).voided += 1;
    },
  };
  const told: Readonly<Record<string, ((data: never) => unknown) | undefined>> = hearing;
  return {
    ...facts,
    hear: (event) => {
      const { type, data } = event as DomainEvent;
      told[type]?.(data as never);
    },
  };
}
