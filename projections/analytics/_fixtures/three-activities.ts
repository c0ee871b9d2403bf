import type { DomainEvent } from '../../../domain/_kernel/event.ts';
import { deriveId } from '../../../domain/_kernel/ids.ts';
import type { DeliveredEvent } from '../../../platform/consumer/types.ts';
import { deliver } from '../../_runtime/spec-kit.ts';

/** When it happened, the stream it stands in, and what it was. */
type Moment = readonly [at: string, stream: string, event: DomainEvent];

/**
 * Three activities small enough to count by hand, on days on which clocks change (Berlin, New York,
 * Auckland), with money that comes in shortly before and after midnight of the place.
 */
export function threeActivities(): DeliveredEvent[] {
  const moments = [
    ...plan(puppies, '2025-03-30T08:00:00.000Z', 'Puppy morning', 'Europe/Berlin'),
    ...plan(agility, '2025-03-09T15:00:00.000Z', 'Agility day', 'America/New_York'),
    ...plan(walk, '2025-04-05T22:00:00.000Z', 'Shelter walk', 'Pacific/Auckland'),
    ...seats,
  ].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const delivered = deliver(...moments.map(([, stream, event]) => [stream, event] as const));
  return delivered.map((event, index) => {
    const at = moments[index]?.[0] ?? '';
    return { ...event, metadata: { ...event.metadata, occurredAt: at, recordedAt: at } };
  });
}

const puppies = { activityId: deriveId('act', 'puppies'), price: 2500, fee: 125, currency: 'EUR' };
const agility = { activityId: deriveId('act', 'agility'), price: 4000, fee: 0, currency: 'USD' };
const walk = { activityId: deriveId('act', 'walk'), price: 0, fee: 0, currency: 'NZD' };
type Activity = typeof puppies;

function plan(activity: Activity, startsAt: string, title: string, timeZone: string): Moment[] {
  const { activityId, price, currency } = activity;
  const at = '2025-02-01T08:00:00.000Z';
  const endsAt = new Date(Date.parse(startsAt) + 7_200_000).toISOString();
  const room = { capacity: 2, waitlist: true, seatsPerMember: 1 };
  const stream = `activity-${activityId}`;
  const drafted = {
    ...{ activityId, title, description: '', venue: 'Outside', startsAt, endsAt, timeZone },
    ...{ price: { amount: price, currency }, ...room },
  };
  return [
    [at, stream, { type: 'ActivityDrafted', data: drafted }],
    [at, stream, { type: 'ActivityPublished', data: { activityId } }],
    [
      at,
      `seating-${activityId}`,
      { type: 'SeatingOpened', data: { activityId, ...room, closesAt: startsAt } },
    ],
  ];
}

type Outcome = 'held' | 'waitlisted' | 'confirmed';

/** What can happen to one member's enrollment, each at its moment. */
function seat(activity: Activity, member: string) {
  const { activityId, price, fee, currency } = activity;
  const ids = {
    enrollmentId: deriveId('enr', `${activityId} ${member}`),
    activityId,
    memberId: deriveId('mem', member),
  };
  const money = (amount: number) => ({ amount, currency });
  const due = price + fee;
  const paymentId = deriveId('pay', ids.enrollmentId);
  const paid = { ...ids, paymentId, amount: money(due) };
  const ticket = { ...ids, ticketId: deriveId('tkt', ids.enrollmentId) };
  const own = `enrollment-${ids.enrollmentId}`;
  const seating = `seating-${activityId}`;
  const payment = `payment-${paymentId}`;
  const [codes, deadline] = [{ intentId: 'pi_1', chargeId: 'ch_1' }, '2025-04-30T00:00:00.000Z'];
  const tell = (at: string, stream: string, type: string, data: object): Moment => [
    at,
    stream,
    { type, data: { ...ids, ...data } },
  ];
  const confirm = (at: string, by: string | null): Moment[] => {
    const cause = by === null ? 'free' : 'paid';
    const stands = {
      ticketId: ticket.ticketId,
      paymentId: by,
      amountPaid: money(by === null ? 0 : due),
    };
    return [
      tell(at, seating, 'SeatConfirmed', { cause }),
      tell(at, own, 'EnrollmentConfirmed', stands),
      tell(at, `ticket-${ticket.ticketId}`, 'TicketIssued', ticket),
    ];
  };
  const hold = (at: string, cause: string): Moment =>
    tell(at, seating, 'SeatHeld', { heldUntil: deadline, cause });
  return {
    request(at: string, outcome: Outcome): Moment[] {
      const requested = tell(at, own, 'EnrollmentRequested', {
        ...{ attendeeName: `Person ${member}`, attendeeEmail: `${member}@example.com` },
        ...{ price: money(price), serviceFee: money(fee), amountDue: money(due), outcome },
        holdExpiresAt: outcome === 'held' ? deadline : null,
      });
      const holdMinutes = price === 0 ? null : 15;
      switch (outcome) {
        case 'held':
          return [hold(at, 'enrolled'), requested];
        case 'waitlisted':
          return [tell(at, seating, 'SeatWaitlisted', { holdMinutes }), requested];
        case 'confirmed':
          return [requested, ...confirm(at, null)];
      }
    },
    promote: (at: string): Moment[] => [
      hold(at, 'promoted'),
      tell(at, own, 'EnrollmentPromoted', { holdExpiresAt: deadline }),
    ],
    pay: (at: string): Moment[] => [
      tell(at, own, 'PaymentAttemptOpened', { ...paid, attempt: 1 }),
      tell(at, payment, 'PaymentSucceeded', { ...paid, ...codes, paidAt: at }),
      ...confirm(at, paymentId),
    ],
    lapse: (at: string): Moment[] => [
      tell(at, seating, 'SeatReleased', { was: 'held', cause: 'hold-expired' }),
      tell(at, own, 'EnrollmentLapsed', { cause: 'hold-expired' }),
    ],
    cancel(at: string): Moment[] {
      const refund = { ...paid, refundId: deriveId('ref', paymentId) };
      const stripe = { stripeRefundId: 're_1', balanceTransactionId: 'txn_1' };
      return [
        tell(at, own, 'EnrollmentCancelled', { cause: 'by-member' }),
        tell(at, seating, 'SeatReleased', { was: 'confirmed', cause: 'cancelled' }),
        tell(at, payment, 'RefundRequested', { ...refund, cause: 'enrollment-cancelled' }),
        tell(at, payment, 'RefundSettled', { ...refund, ...stripe }),
      ];
    },
    scan: (at: string, decision: 'admitted' | 'already-checked-in'): Moment[] => [
      tell(at, `ticket-${ticket.ticketId}`, 'TicketScanned', {
        ...{ ...ticket, scannedFor: activityId, deviceId: 'door-1', nonce: at },
        ...{ scannedAt: at, decision, admittedAt: null },
      }),
    ],
  };
}

const puppiesOf = {
  /** Pays after midnight in Berlin, before it in UTC. Comes. */
  ann: seat(puppies, 'ann'),
  /** Pays on the day itself, after midnight in Berlin. Does not come. */
  bob: seat(puppies, 'bob'),
  /** Waits in vain. */
  cid: seat(puppies, 'cid'),
  /** Waits, is promoted, pays, calls off and has the money back. */
  dee: seat(puppies, 'dee'),
  /** Does not pay in time. */
  eve: seat(puppies, 'eve'),
};
const agilityOf = { ann: seat(agility, 'ann'), bob: seat(agility, 'bob') };
const walkOf = { ann: seat(walk, 'ann'), cid: seat(walk, 'cid') };

const seats: readonly Moment[] = [
  ...puppiesOf.ann.request('2025-03-01T10:00:00.000Z', 'held'),
  ...puppiesOf.ann.pay('2025-03-01T23:30:00.000Z'),
  ...puppiesOf.ann.scan('2025-03-30T07:55:00.000Z', 'admitted'),
  ...puppiesOf.bob.request('2025-03-10T10:00:00.000Z', 'held'),
  ...puppiesOf.bob.pay('2025-03-29T23:30:00.000Z'),
  ...puppiesOf.cid.request('2025-03-11T10:00:00.000Z', 'waitlisted'),
  ...puppiesOf.dee.request('2025-03-12T10:00:00.000Z', 'waitlisted'),
  ...puppiesOf.dee.promote('2025-03-12T12:00:00.000Z'),
  ...puppiesOf.dee.pay('2025-03-12T12:30:00.000Z'),
  ...puppiesOf.dee.cancel('2025-03-20T22:30:00.000Z'),
  ...puppiesOf.eve.request('2025-03-13T10:00:00.000Z', 'held'),
  ...puppiesOf.eve.lapse('2025-03-13T10:15:00.000Z'),
  ...agilityOf.ann.request('2025-03-05T12:00:00.000Z', 'held'),
  ...agilityOf.ann.pay('2025-03-09T04:30:00.000Z'),
  ...agilityOf.ann.scan('2025-03-09T14:50:00.000Z', 'admitted'),
  ...agilityOf.bob.request('2025-03-08T12:00:00.000Z', 'held'),
  ...agilityOf.bob.pay('2025-03-09T05:30:00.000Z'),
  ...agilityOf.bob.scan('2025-03-09T14:52:00.000Z', 'admitted'),
  ...agilityOf.bob.scan('2025-03-09T14:53:00.000Z', 'already-checked-in'),
  ...walkOf.ann.request('2025-04-01T10:00:00.000Z', 'confirmed'),
  ...walkOf.ann.scan('2025-04-05T21:58:00.000Z', 'admitted'),
  ...walkOf.cid.request('2025-04-02T10:00:00.000Z', 'confirmed'),
];
