import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { speciesSchema } from '../../domain/_kernel/species.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageOf,
  pageSchema,
} from '../_runtime/paging.ts';
import { defineQuery, NotFoundError, type QueryDefinition, readRoles } from '../_runtime/query.ts';
import { from, isStaff, rowOf, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { pets, type Vaccination } from './table.ts';

const erased = 'Null once the person was erased';
const day = z.iso.date();

const petSchema = z.strictObject({
  id: idSchema('pet'),
  memberId: idSchema('mem'),
  name: z.string().nullable().meta({ description: erased }),
  species: speciesSchema,
  breed: z.string().nullable().meta({ description: 'Empty: not known' }),
  birthDate: day.nullable().meta({ description: erased }),
  vaccinations: z.array(
    z.strictObject({
      vaccine: z.string().nullable().meta({ description: erased }),
      givenOn: day,
      validUntil: day.nullable().meta({ description: 'Null: for good, or not known' }),
    }),
  ),
  removed: z.boolean(),
  revision: z.int().min(0).meta({ description: 'Revision of the pet: it grows with each change' }),
});

const show = (row: RowOf<typeof pets>): z.output<typeof petSchema> => ({
  id: row.pet_id as `pet_${string}`,
  memberId: row.member_id as `mem_${string}`,
  name: row.name,
  species: row.species as z.output<typeof speciesSchema>,
  breed: row.breed,
  birthDate: row.birth_date,
  vaccinations: row.vaccinations as Vaccination[],
  removed: row.removed,
  revision: row.revision,
});

const example: z.input<typeof petSchema> = {
  id: deriveId('pet', 'example'),
  memberId: deriveId('mem', 'example'),
  name: 'Rex',
  species: 'dog',
  breed: 'Beagle',
  birthDate: '2025-11-20',
  vaccinations: [{ vaccine: 'Rabies', givenOn: '2026-03-02', validUntil: '2029-03-02' }],
  removed: false,
  revision: 1,
};

const tag = 'Pets';
const projections = ['my-pets'];
/** Everybody who is logged in is a member. */
const anybodyLoggedIn = readRoles('member');

export const listMyPets = defineQuery({
  name: 'list-my-pets',
  summary: "List the asker's own pets, in the order in which they were added",
  tag,
  path: '/v1/me/pets',
  permission: anybodyLoggedIn,
  params: z.strictObject({}),
  querystring: z.strictObject({ limit: limitSchema, cursor: cursorSchema('number') }),
  reply: pageSchema(petSchema),
  example: {
    params: {},
    querystring: { limit: 50 },
    reply: { items: [example], nextCursor: null },
  },
  projections,
  run: async ({ db, principal }, { query: { limit, cursor } }) => {
    if (principal.kind !== 'person') throw new NotFoundError('Nobody is logged in.');
    let query = from(db, pets)
      .where('t.member_id', '=', principal.id)
      .where('t.removed', '=', false)
      .orderBy('t.ordinal')
      .limit(limit + 1);
    if (cursor !== undefined) {
      query = query.where(sql<boolean>`t.ordinal > ${decodeCursor(cursor)[0]}::bigint`);
    }
    return pageOf(await rowsOf(pets, query), limit, show, (row) => encodeCursor(row.ordinal));
  },
});

export const getPet = defineQuery({
  name: 'get-pet',
  summary: 'Show a pet with its vaccinations',
  description: 'For its owner and for staff, also once it was removed. To others it is not there.',
  tag,
  path: '/v1/pets/:petId',
  permission: anybodyLoggedIn,
  params: z.strictObject({ petId: idSchema('pet') }),
  querystring: z.strictObject({}),
  reply: petSchema,
  example: { params: { petId: example.id }, querystring: {}, reply: example },
  projections,
  run: async ({ db, principal }, { params: { petId } }) => {
    const row = await rowOf(pets, from(db, pets).where('t.pet_id', '=', petId));
    const own = principal.kind === 'person' && row?.member_id === principal.id;
    if (row === undefined || !(own || isStaff(principal))) {
      throw new NotFoundError('There is no such pet.');
    }
    return show(row);
  },
});

export const petQueries: readonly QueryDefinition[] = [listMyPets, getPet];
