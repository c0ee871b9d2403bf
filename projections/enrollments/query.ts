import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageOf,
  pageSchema,
} from '../_runtime/paging.ts';
import {
  defineQuery,
  NotFoundError,
  type QueryContext,
  type QueryDefinition,
  readRoles,
} from '../_runtime/query.ts';
import { from, isStaff, moneyOf, replyInstant, rowOf, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { activityCatalogue } from '../activity-catalogue/table.ts';
import { enrollments, type PaymentAttempt } from './table.ts';

const statusSchema = z.enum(['held', 'waitlisted', 'confirmed', 'lapsed', 'cancelled']);

const paymentSchema = z.strictObject({
  id: idSchema('pay'),
  attempt: z.int().min(1),
  method: z.enum(['card', 'cash']),
  status: z.enum(['open', 'succeeded', 'declined', 'cancelled', 'refunding', 'refunded']),
  amount: moneySchema,
  refunded: moneySchema,
  declineCode: z.string().nullable(),
});

const activitySchema = z.strictObject({
  id: idSchema('act'),
  status: z.enum(['draft', 'published', 'cancelled']),
  title: z.string(),
  venue: z.string(),
  startsAt: replyInstant,
  endsAt: replyInstant,
  timeZone: z.string(),
});

export const enrollmentSchema = z.strictObject({
  id: idSchema('enr'),
  activityId: idSchema('act'),
  memberId: idSchema('mem'),
  status: statusSchema,
  cause: z.string().nullable().meta({ description: 'Why it lapsed or was cancelled' }),
  petIds: z.array(idSchema('pet')).meta({ description: 'The pets that come along' }),
  requestedAt: replyInstant,
  holdExpiresAt: replyInstant.nullable(),
  price: moneySchema,
  serviceFee: moneySchema,
  amountDue: moneySchema.meta({ description: 'What is still to be paid' }),
  amountPaid: moneySchema,
  amountRefunded: moneySchema,
  payment: paymentSchema.nullable().meta({ description: 'The newest attempt to pay' }),
  confirmedAt: replyInstant.nullable(),
  ticketId: idSchema('tkt').nullable(),
  ticket: z
    .string()
    .nullable()
    .meta({ description: 'The signed text of the ticket, once confirmed' }),
  admittedAt: replyInstant.nullable(),
  activity: activitySchema.nullable(),
  revision: z
    .int()
    .min(0)
    .meta({ description: 'Revision of the enrollment: it grows with each change' }),
});

type EnrollmentRow = RowOf<typeof enrollments>;
type ActivityRow = RowOf<typeof activityCatalogue>;

/** The newest attempt, with what became of its money. */
function showPayment(row: EnrollmentRow): z.output<typeof paymentSchema> | null {
  const attempt = (row.payments as PaymentAttempt[]).at(-1);
  if (attempt === undefined) return null;
  const { status, refundRequested, refunded } = attempt;
  const refunding = refundRequested > refunded ? 'refunding' : 'refunded';
  return {
    id: attempt.paymentId as `pay_${string}`,
    attempt: attempt.attempt,
    method: attempt.method,
    status: status === 'succeeded' && refundRequested > 0 ? refunding : status,
    amount: moneyOf(attempt.amount, row.currency),
    refunded: moneyOf(refunded, row.currency),
    declineCode: attempt.declineCode,
  };
}

function showActivity(row: ActivityRow): z.output<typeof activitySchema> {
  return {
    id: row.activity_id as `act_${string}`,
    status: row.status as 'draft' | 'published' | 'cancelled',
    title: row.title,
    venue: row.venue,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    timeZone: row.time_zone,
  };
}

export function show(
  row: EnrollmentRow,
  activity: ActivityRow | undefined,
  { signTicket }: Pick<QueryContext, 'signTicket'>,
): z.output<typeof enrollmentSchema> {
  const ids = {
    enrollmentId: row.enrollment_id as `enr_${string}`,
    activityId: row.activity_id as `act_${string}`,
    memberId: row.member_id as `mem_${string}`,
  };
  const ticketId = row.ticket_id as `tkt_${string}` | null;
  return {
    id: ids.enrollmentId,
    activityId: ids.activityId,
    memberId: ids.memberId,
    status: row.status as z.output<typeof statusSchema>,
    cause: row.cause,
    petIds: row.pet_ids as `pet_${string}`[],
    requestedAt: row.requested_at,
    holdExpiresAt: row.hold_expires_at,
    price: moneyOf(row.price, row.currency),
    serviceFee: moneyOf(row.service_fee, row.currency),
    amountDue: moneyOf(row.amount_due, row.currency),
    amountPaid: moneyOf(row.amount_paid, row.currency),
    amountRefunded: moneyOf(row.amount_refunded, row.currency),
    payment: showPayment(row),
    confirmedAt: row.confirmed_at,
    ticketId,
    ticket:
      row.status === 'confirmed' && ticketId !== null ? signTicket({ ticketId, ...ids }) : null,
    admittedAt: row.admitted_at,
    activity: activity === undefined ? null : showActivity(activity),
    revision: row.revision,
  };
}

/** The activities of some enrollments: another read model, so they are joined here. */
export async function activitiesOf(
  { db }: Pick<QueryContext, 'db'>,
  rows: readonly EnrollmentRow[],
): Promise<Map<string, ActivityRow>> {
  if (rows.length === 0) return new Map();
  const ids = [...new Set(rows.map((row) => row.activity_id))];
  const found = await rowsOf(
    activityCatalogue,
    from(db, activityCatalogue).where('t.activity_id', 'in', ids),
  );
  return new Map(found.map((row) => [row.activity_id, row]));
}

const eur = (amount: number) => ({ amount, currency: 'EUR' as const });
export const enrollmentExample: z.input<typeof enrollmentSchema> = {
  id: deriveId('enr', 'example'),
  activityId: deriveId('act', 'example'),
  memberId: deriveId('mem', 'example'),
  status: 'confirmed',
  cause: null,
  petIds: [deriveId('pet', 'example')],
  requestedAt: '2026-04-01T08:00:00.000Z',
  holdExpiresAt: null,
  price: eur(2500),
  serviceFee: eur(125),
  amountDue: eur(0),
  amountPaid: eur(2625),
  amountRefunded: eur(0),
  payment: {
    id: deriveId('pay', 'example'),
    attempt: 1,
    method: 'card',
    status: 'succeeded',
    amount: eur(2625),
    refunded: eur(0),
    declineCode: null,
  },
  confirmedAt: '2026-04-01T08:01:00.000Z',
  ticketId: deriveId('tkt', 'example'),
  ticket: 'PAW1.eyJ0IjoidGt0XzAwIn0.bm90LWEtc2lnbmF0dXJl',
  admittedAt: null,
  activity: {
    id: deriveId('act', 'example'),
    status: 'published',
    title: 'Puppy first week',
    venue: 'Kita 7, Berlin',
    startsAt: '2026-05-01T08:00:00.000Z',
    endsAt: '2026-05-01T10:00:00.000Z',
    timeZone: 'Europe/Berlin',
  },
  revision: 3,
};

const tag = 'Enrollments';
const projections = ['enrollments', 'activity-catalogue'];
/** Everybody who is logged in is a member. */
const anybodyLoggedIn = readRoles('member');

export const listMyEnrollments = defineQuery({
  name: 'list-my-enrollments',
  summary: "List the asker's own enrollments, the newest first",
  tag,
  path: '/v1/me/enrollments',
  permission: anybodyLoggedIn,
  params: z.strictObject({}),
  querystring: z.strictObject({
    status: statusSchema.optional(),
    limit: limitSchema,
    cursor: cursorSchema('number'),
  }),
  reply: pageSchema(enrollmentSchema),
  example: {
    params: {},
    querystring: { limit: 50 },
    reply: { items: [enrollmentExample], nextCursor: null },
  },
  projections,
  run: async (context, { query: { status, limit, cursor } }) => {
    const { db, principal } = context;
    if (principal.kind !== 'person') throw new NotFoundError('Nobody is logged in.');
    let query = from(db, enrollments)
      .where('t.member_id', '=', principal.id)
      .orderBy('t.ordinal', 'desc')
      .limit(limit + 1);
    if (status !== undefined) query = query.where('t.status', '=', status);
    if (cursor !== undefined) {
      query = query.where(sql<boolean>`t.ordinal < ${decodeCursor(cursor)[0]}::bigint`);
    }
    const rows = await rowsOf(enrollments, query);
    const activities = await activitiesOf(context, rows);
    return pageOf(
      rows,
      limit,
      (row) => show(row, activities.get(row.activity_id), context),
      (row) => encodeCursor(row.ordinal),
    );
  },
});

export const getEnrollment = defineQuery({
  name: 'get-enrollment',
  summary: 'Show an enrollment, with its ticket once it is confirmed',
  description: 'For its member and for staff. To everybody else it is not there.',
  tag,
  path: '/v1/enrollments/:enrollmentId',
  permission: anybodyLoggedIn,
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  querystring: z.strictObject({}),
  reply: enrollmentSchema,
  example: {
    params: { enrollmentId: enrollmentExample.id },
    querystring: {},
    reply: enrollmentExample,
  },
  projections,
  run: async (context, { params: { enrollmentId } }) => {
    const { db, principal } = context;
    const row = await rowOf(
      enrollments,
      from(db, enrollments).where('t.enrollment_id', '=', enrollmentId),
    );
    const own = principal.kind === 'person' && row?.member_id === principal.id;
    if (row === undefined || !(own || isStaff(principal))) {
      throw new NotFoundError('There is no such enrollment.');
    }
    const activities = await activitiesOf(context, [row]);
    return show(row, activities.get(row.activity_id), context);
  },
});

export const enrollmentQueries: readonly QueryDefinition[] = [listMyEnrollments, getEnrollment];
