import { z } from 'zod';
import type { StoredEvent } from '../../domain/_kernel/event.ts';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, type EnrollmentId, idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { lineSchema } from '../../domain/_kernel/text.ts';
import { instantSchema } from '../../domain/_kernel/time.ts';
import { requestEnrollment } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { takeSeat } from '../../domain/seating/decide.ts';
import type { SeatingEvent } from '../../domain/seating/events.ts';
import { seating } from '../../domain/seating/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { isStaff, notFound, personOf, refuse } from '../access.ts';
import { refuseLostSeat } from './lost-seat.ts';
import { lookUpTerms, type Terms } from './terms.ts';

const statusSchema = z.enum(['held', 'waitlisted', 'confirmed']);
type Outcome = {
  readonly outcome: z.infer<typeof statusSchema>;
  readonly holdExpiresAt: string | null;
};

/** What the seat decision gave this enrollment; the append may carry others' releases too. */
function outcomeOf(
  events: readonly StoredEvent<SeatingEvent>[],
  enrollmentId: EnrollmentId,
): Outcome {
  for (const event of events) {
    if (!('enrollmentId' in event.data) || event.data.enrollmentId !== enrollmentId) continue;
    if (event.type === 'SeatHeld') return { outcome: 'held', holdExpiresAt: event.data.heldUntil };
    if (event.type === 'SeatConfirmed') return { outcome: 'confirmed', holdExpiresAt: null };
    if (event.type === 'SeatWaitlisted') return { outcome: 'waitlisted', holdExpiresAt: null };
  }
  throw new RangeError(`${enrollmentId} got no place and no refusal`);
}

export const enroll = defineCommand({
  name: 'enroll',
  summary: 'Enroll in an activity',
  description:
    'Takes a seat: held until `holdExpiresAt` if something is due, confirmed at once if not, waitlisted if asked for. Pets that come along take no seat; an activity may ask for one. Staff may enroll another member.',
  tag: 'Enrollments',
  path: '/v1/activities/:activityId/enrollments',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({
    attendee: z
      .strictObject({ name: lineSchema(1, 200), email: z.email().max(254) })
      .optional()
      .meta({ description: "Who comes; left out: the member's own name and address" }),
    joinWaitlist: z
      .boolean()
      .default(false)
      .meta({ description: 'Rather wait than be refused when sold out' }),
    petIds: z
      .array(idSchema('pet'))
      .min(1)
      .max(4)
      .refine((ids) => new Set(ids).size === ids.length, { error: 'expected each pet once' })
      .optional()
      .meta({ description: "The member's pets that come along" }),
    memberId: idSchema('mem').optional().meta({ description: 'Staff only: whom to enroll' }),
  }),
  reply: z.strictObject({
    id: idSchema('enr'),
    activityId: idSchema('act'),
    status: statusSchema,
    holdExpiresAt: instantSchema.nullable(),
    amountDue: moneySchema,
  }),
  status: 201,
  refusals: [
    ...['not-found', 'not-open', 'closed', 'cancelled', 'sold-out', 'seat-limit'],
    ...['hold-expired', 'lapsed'],
    ...['pet-required', 'pet-not-found', 'pet-species', 'pet-too-young'],
  ],
  example: {
    params: { activityId: exampleIds.activityId },
    body: { joinWaitlist: true, petIds: [exampleIds.petId] },
    reply: {
      id: exampleIds.enrollmentId,
      activityId: exampleIds.activityId,
      status: 'held',
      holdExpiresAt: '2027-04-01T08:30:00.000Z',
      amountDue: { amount: 2500, currency: 'EUR' },
    },
  },
  execute: async (tools, { params: { activityId }, body }, { commandId, principal, now }) => {
    const asker = personOf(principal);
    if (body.memberId !== undefined && body.memberId !== asker.id && !isStaff(principal)) {
      return refuse(notFound('member'));
    }
    const memberId = body.memberId ?? asker.id;
    const enrollmentId = deriveId('enr', commandId);
    let looked: Promise<Terms> | undefined;
    const lookup = () => {
      const { attendee, petIds = [] } = body;
      looked ??= lookUpTerms(tools, { activityId, memberId, attendee, petIds }, now);
      return looked;
    };
    const seat = await tools.decide(seating, activityId, {
      lookup,
      decide: (state, { free, holdMinutes }) =>
        takeSeat(state, {
          enrollmentId,
          memberId,
          now,
          free,
          holdMinutes,
          joinWaitlist: body.joinWaitlist,
        }),
    });
    const requested = await tools.decide(enrollment, enrollmentId, {
      isNew: true,
      lookup: async () => {
        if (seat.replayed) await refuseLostSeat(tools, { activityId, enrollmentId }, now);
        return lookup();
      },
      decide: (state, { price, serviceFee, amountDue, attendee }) =>
        requestEnrollment(state, {
          ...{ enrollmentId, activityId, memberId, price, serviceFee, amountDue },
          attendeeName: attendee.name,
          attendeeEmail: attendee.email,
          ...outcomeOf(seat.events, enrollmentId),
          ticketId: deriveId('tkt', enrollmentId),
          ...(body.petIds === undefined ? {} : { petIds: body.petIds }),
        }),
    });
    const made = requested.events.find((event) => event.type === 'EnrollmentRequested');
    if (made === undefined)
      throw new RangeError(`${enrollmentId} was not requested by this command`);
    const { outcome: status, holdExpiresAt, amountDue } = made.data;
    return { id: enrollmentId, activityId, status, holdExpiresAt, amountDue };
  },
});
