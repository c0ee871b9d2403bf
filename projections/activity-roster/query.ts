import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { speciesSchema } from '../../domain/_kernel/species.ts';
import { scanDecisionSchema } from '../../domain/ticket/events.ts';
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
  type QueryDefinition,
  type ReadDatabase,
  readRoles,
} from '../_runtime/query.ts';
import { from, replyInstant, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { findActivity } from '../activity-catalogue/query.ts';
import { pets } from '../my-pets/table.ts';
import { activityRoster } from './table.ts';

const statusSchema = z.enum(['held', 'waitlisted', 'confirmed', 'lapsed', 'cancelled']);
const seatSchema = z.enum(['held', 'confirmed', 'waitlisted', 'released']);

export const entrySchema = z.strictObject({
  enrollmentId: idSchema('enr'),
  memberId: idSchema('mem'),
  attendeeName: z.string().nullable().meta({ description: 'Null once the person was erased' }),
  pets: z
    .array(
      z.strictObject({
        id: idSchema('pet'),
        name: z.string().nullable().meta({ description: 'Null once the person was erased' }),
        species: speciesSchema,
      }),
    )
    .meta({ description: 'The pets that come along' }),
  status: statusSchema,
  seat: seatSchema,
  ticketId: idSchema('tkt').nullable(),
  ticketVoid: z.boolean().meta({ description: 'The ticket opens no door any more' }),
  admittedAt: replyInstant.nullable(),
  scans: z.int().min(0).meta({ description: 'How often the ticket was scanned, at any door' }),
  lastScan: z
    .strictObject({ scannedAt: replyInstant, decision: scanDecisionSchema })
    .nullable()
    .meta({ description: 'When it was scanned last, and what the last uploaded scan got' }),
});

type RosterRow = RowOf<typeof activityRoster>;
type PetRow = RowOf<typeof pets>;

export function show(
  row: RosterRow,
  known: ReadonlyMap<string, PetRow>,
): z.output<typeof entrySchema> {
  return {
    enrollmentId: row.enrollment_id as `enr_${string}`,
    memberId: row.member_id as `mem_${string}`,
    attendeeName: row.attendee_name,
    pets: row.pet_ids.flatMap((petId) => {
      const pet = known.get(petId);
      return pet === undefined ? [] : [showPet(pet)];
    }),
    status: row.status as z.output<typeof statusSchema>,
    seat: row.seat as z.output<typeof seatSchema>,
    ticketId: row.ticket_id as `tkt_${string}` | null,
    ticketVoid: row.ticket_void,
    admittedAt: row.admitted_at,
    scans: row.scans,
    lastScan:
      row.last_scan_at === null
        ? null
        : {
            scannedAt: row.last_scan_at,
            decision: row.last_scan as z.output<typeof scanDecisionSchema>,
          },
  };
}

const showPet = (row: PetRow): z.output<typeof entrySchema>['pets'][number] => ({
  id: row.pet_id as `pet_${string}`,
  name: row.name,
  species: row.species as z.output<typeof speciesSchema>,
});

/** The pets of some entries: another read model, so they are joined here. */
export async function petsOf(
  db: ReadDatabase,
  entries: readonly RosterRow[],
): Promise<Map<string, PetRow>> {
  const ids = [...new Set(entries.flatMap((row) => row.pet_ids))];
  if (ids.length === 0) return new Map();
  const found = await rowsOf(pets, from(db, pets).where('t.pet_id', 'in', ids));
  return new Map(found.map((row) => [row.pet_id, row]));
}

/** An entry for the reference. */
export const rosterExample: z.input<typeof entrySchema> = {
  enrollmentId: deriveId('enr', 'example'),
  memberId: deriveId('mem', 'example'),
  attendeeName: 'Ada Lovelace',
  pets: [{ id: deriveId('pet', 'example'), name: 'Rex', species: 'dog' }],
  status: 'confirmed',
  seat: 'confirmed',
  ticketId: deriveId('tkt', 'example'),
  ticketVoid: false,
  admittedAt: '2026-05-01T07:52:00.000Z',
  scans: 1,
  lastScan: { scannedAt: '2026-05-01T07:52:00.000Z', decision: 'admitted' },
};

export const getRoster = defineQuery({
  name: 'get-roster',
  summary: 'List who is enrolled in an activity and who came, in the order of enrollment',
  tag: 'Activities',
  path: '/v1/activities/:activityId/roster',
  permission: readRoles('staff', 'admin'),
  params: z.strictObject({ activityId: idSchema('act') }),
  querystring: z.strictObject({
    status: statusSchema.optional(),
    limit: limitSchema,
    cursor: cursorSchema('number'),
  }),
  reply: pageSchema(entrySchema),
  example: {
    params: { activityId: deriveId('act', 'example') },
    querystring: { status: 'confirmed', limit: 50 },
    reply: {
      items: [rosterExample],
      nextCursor: null,
    },
  },
  projections: ['activity-roster', 'activity-catalogue', 'my-pets'],
  run: async ({ db }, { params: { activityId }, query: { status, limit, cursor } }) => {
    await findActivity(db, activityId);
    let query = from(db, activityRoster)
      .where('t.activity_id', '=', activityId)
      .where('t.ordinal', 'is not', null)
      .orderBy('t.ordinal')
      .limit(limit + 1);
    if (status !== undefined) query = query.where('t.status', '=', status);
    if (cursor !== undefined) {
      query = query.where(sql<boolean>`t.ordinal > ${decodeCursor(cursor)[0]}::bigint`);
    }
    const rows = await rowsOf(activityRoster, query);
    const known = await petsOf(db, rows);
    return pageOf(
      rows,
      limit,
      (row) => show(row, known),
      (row) => encodeCursor(row.ordinal ?? 0),
    );
  },
});

export const rosterQueries: readonly QueryDefinition[] = [getRoster];
