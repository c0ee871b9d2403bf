import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { speciesSchema } from '../../domain/_kernel/species.ts';
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
  publicRead,
  type QueryContext,
  type QueryDefinition,
  type ReadDatabase,
} from '../_runtime/query.ts';
import { from, isStaff, moneyOf, replyInstant, rowOf, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { activityCatalogue } from './table.ts';

const statusSchema = z.enum(['draft', 'published', 'cancelled']);

const availabilitySchema = z.strictObject({
  capacity: z.int().min(0).meta({ description: 'Places altogether' }),
  held: z.int().min(0).meta({ description: 'Kept for unpaid enrollments until a deadline' }),
  confirmed: z.int().min(0).meta({ description: 'Taken for good' }),
  waitlisted: z.int().min(0).meta({ description: 'Enrollments that wait for a place' }),
  free: z.int().min(0).meta({ description: 'Places nobody has' }),
});

export const activitySchema = z.strictObject({
  id: idSchema('act'),
  status: statusSchema,
  title: z.string(),
  description: z.string(),
  venue: z.string(),
  startsAt: replyInstant,
  endsAt: replyInstant,
  timeZone: z.string(),
  price: moneySchema,
  waitlist: z.boolean().meta({ description: 'Whether people may wait when it is full' }),
  seatsPerMember: z.int(),
  pets: z
    .strictObject({
      species: z.array(speciesSchema).nullable().meta({ description: 'Null: any species' }),
      minAgeMonths: z.int().nullable().meta({ description: 'On the day it starts; null: any age' }),
    })
    .nullable()
    .meta({ description: 'What it asks of a pet; null: people come with or without' }),
  enrollmentOpen: z.boolean().meta({ description: 'Whether places are given away' }),
  availability: availabilitySchema,
  publishedAt: replyInstant.nullable(),
  cancelReason: z.string().nullable(),
  revision: z
    .int()
    .min(0)
    .meta({ description: 'Revision of the activity: it grows with each change' }),
});

type ActivityRow = RowOf<typeof activityCatalogue>;

export function showActivity(row: ActivityRow): z.output<typeof activitySchema> {
  const { capacity, held, confirmed, waitlisted } = row;
  return {
    id: row.activity_id as `act_${string}`,
    status: row.status as z.output<typeof statusSchema>,
    title: row.title,
    description: row.description,
    venue: row.venue,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    timeZone: row.time_zone,
    price: moneyOf(row.price_amount, row.price_currency),
    waitlist: row.waitlist,
    seatsPerMember: row.seats_per_member,
    pets: row.pet_terms as z.output<typeof activitySchema>['pets'],
    enrollmentOpen: row.open,
    availability: {
      capacity,
      held,
      confirmed,
      waitlisted,
      free: Math.max(0, capacity - held - confirmed),
    },
    publishedAt: row.published_at,
    cancelReason: row.cancel_reason,
    revision: row.revision,
  };
}

const example: z.input<typeof activitySchema> = {
  id: deriveId('act', 'example'),
  status: 'published',
  title: 'Puppy first week',
  description: 'What a puppy needs in its first days at home.',
  venue: 'Kita 7, Berlin',
  startsAt: '2026-05-01T08:00:00.000Z',
  endsAt: '2026-05-01T10:00:00.000Z',
  timeZone: 'Europe/Berlin',
  price: { amount: 2500, currency: 'EUR' },
  waitlist: true,
  seatsPerMember: 2,
  pets: { species: ['dog'], minAgeMonths: 4 },
  enrollmentOpen: true,
  availability: { capacity: 12, held: 2, confirmed: 7, waitlisted: 0, free: 3 },
  publishedAt: '2026-04-01T09:00:00.000Z',
  cancelReason: null,
  revision: 1,
};

const noSuchActivity = () => new NotFoundError('There is no such activity.');

/** The activity of a path, draft or not; answers 404 when it is not there. */
export async function findActivity(db: ReadDatabase, activityId: string): Promise<ActivityRow> {
  const row = await rowOf(
    activityCatalogue,
    from(db, activityCatalogue).where('t.activity_id', '=', activityId),
  );
  if (row === undefined) throw noSuchActivity();
  return row;
}

/** The activity as the asker may see it: a draft is there for staff only. Throws NotFoundError. */
export async function findVisibleActivity(
  { db, principal }: Pick<QueryContext, 'db' | 'principal'>,
  activityId: string,
): Promise<ActivityRow> {
  const row = await findActivity(db, activityId);
  if (row.published_at === null && !isStaff(principal)) throw noSuchActivity();
  return row;
}

export const listActivities = defineQuery({
  name: 'list-activities',
  summary: 'List activities by their start, with availability by cause',
  description:
    'Published activities, the earliest first. Staff may ask for drafts and cancelled ones by `status`; for everybody else those are not there.',
  tag: 'Activities',
  path: '/v1/activities',
  permission: publicRead,
  params: z.strictObject({}),
  querystring: z.strictObject({
    status: statusSchema.optional().meta({ description: 'published unless said otherwise' }),
    limit: limitSchema,
    cursor: cursorSchema('instant', 'text'),
  }),
  reply: pageSchema(activitySchema),
  example: {
    params: {},
    querystring: { limit: 50 },
    reply: { items: [example], nextCursor: null },
  },
  projections: ['activity-catalogue'],
  run: async ({ db, principal }, { query: { status = 'published', limit, cursor } }) => {
    if (status !== 'published' && !isStaff(principal)) return { items: [], nextCursor: null };
    let query = from(db, activityCatalogue)
      .where('t.status', '=', status)
      .orderBy('t.starts_at')
      .orderBy('t.activity_id')
      .limit(limit + 1);
    if (cursor !== undefined) {
      const [startsAt, id] = decodeCursor(cursor);
      query = query.where(
        sql<boolean>`(t.starts_at, t.activity_id) > (${startsAt}::timestamptz, ${id}::text)`,
      );
    }
    return pageOf(await rowsOf(activityCatalogue, query), limit, showActivity, (row) =>
      encodeCursor(row.starts_at, row.activity_id),
    );
  },
});

export const getActivity = defineQuery({
  name: 'get-activity',
  summary: 'Show an activity with availability by cause',
  description: 'A draft is there for staff only. A cancelled activity stays visible, with why.',
  tag: 'Activities',
  path: '/v1/activities/:activityId',
  permission: publicRead,
  params: z.strictObject({ activityId: idSchema('act') }),
  querystring: z.strictObject({}),
  reply: activitySchema,
  example: { params: { activityId: example.id }, querystring: {}, reply: example },
  projections: ['activity-catalogue'],
  run: async ({ db, principal }, { params: { activityId } }) => {
    return showActivity(await findVisibleActivity({ db, principal }, activityId));
  },
});

export const activityCatalogueQueries: readonly QueryDefinition[] = [listActivities, getActivity];
