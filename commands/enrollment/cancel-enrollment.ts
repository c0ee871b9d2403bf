import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { type EnrollmentId, idSchema } from '../../domain/_kernel/ids.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import { activity } from '../../domain/activity/state.ts';
import { cancelEnrollment as decideCancel } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { ticket } from '../../domain/ticket/state.ts';
import { type CommandTools, defineCommand, roles } from '../_runtime/definition.ts';
import { mayTouch, notFound, personOf, refuse } from '../access.ts';

export const cancelEnrollment = defineCommand({
  name: 'cancel-enrollment',
  summary: 'Cancel an enrollment',
  description:
    'Gives the place back. What was paid is refunded in full; seat, ticket and refund follow within moments. Nobody cancels once the ticket was admitted, and only staff once the activity has begun.',
  tag: 'Enrollments',
  path: '/v1/enrollments/:enrollmentId/cancel',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z.strictObject({}),
  reply: z.strictObject({ id: idSchema('enr'), status: z.enum(['cancelled']) }),
  status: 200,
  refusals: ['not-found', 'lapsed', 'already-checked-in', 'already-started'],
  example: {
    params: { enrollmentId: exampleIds.enrollmentId },
    body: {},
    reply: { id: exampleIds.enrollmentId, status: 'cancelled' },
  },
  execute: async (tools, { params: { enrollmentId } }, { principal, now }) => {
    await tools.decide(enrollment, enrollmentId, {
      lookup: () => howFarItIs(tools, enrollmentId),
      decide: (state, { admittedAt, startsAt }) => {
        if (state.status === 'none' || !mayTouch(principal, state.memberId))
          return notFound('enrollment');
        const own = personOf(principal).id === state.memberId;
        const cause = own ? 'by-member' : 'by-staff';
        return decideCancel(state, { cause, admittedAt, startsAt, now });
      },
    });
    return { id: enrollmentId, status: 'cancelled' as const };
  },
});

/** Whether it has begun, for this attendee and for all. */
async function howFarItIs(
  { load }: CommandTools,
  enrollmentId: EnrollmentId,
): Promise<{ readonly admittedAt: Instant | null; readonly startsAt: Instant }> {
  const ids = await load(
    enrollment,
    enrollmentId,
    (state) =>
      state.status === 'none' ? null : { activityId: state.activityId, ticketId: state.ticketId },
    // What it is for never changes, and it has its ticket for good; the door is asked below.
    (state) => state?.ticketId != null,
  );
  if (ids === null) return refuse(notFound('enrollment'));
  const { activityId, ticketId } = ids;
  const [startsAt, admittedAt] = await Promise.all([
    load(
      activity,
      activityId,
      (state) => (state.status === 'none' ? null : state.startsAt),
      (known) => known !== null,
    ),
    ticketId === null
      ? null
      : load(ticket, ticketId, (state) => (state.status === 'none' ? null : state.admittedAt)),
  ]);
  if (startsAt === null) return refuse(notFound('activity'));
  return { admittedAt, startsAt };
}
