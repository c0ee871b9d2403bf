import { petEvents } from '../../domain/pet/events.ts';
import { change, defineProjection, insert, type RowChange } from '../_runtime/definition.ts';
import type { RowOf } from '../_runtime/table.ts';
import { pets, type Vaccination } from './table.ts';

type PetRow = RowOf<typeof pets>;

const changePet = (
  { petId }: { readonly petId: string },
  fold: (row: PetRow) => Partial<PetRow>,
): RowChange[] => [change(pets, { pet_id: petId }, fold)];

export const myPetsProjection = defineProjection({
  name: 'my-pets',
  version: 2,
  question: 'Which pets does a member have?',
  tables: [pets],
  events: [petEvents],
  keyOf: (event) => event.data.petId,
  on: {
    PetAdded: ({ data, ordinal, revision }) => [
      insert(pets, {
        pet_id: data.petId,
        member_id: data.memberId,
        ordinal,
        name: data.name,
        species: data.species,
        breed: data.breed,
        birth_date: data.birthDate,
        vaccinations: [],
        removed: false,
        revision,
        changed_ordinal: ordinal,
      }),
    ],
    PetDetailsChanged: ({ data, revision }) =>
      changePet(data, () => ({
        name: data.name,
        species: data.species,
        breed: data.breed,
        birth_date: data.birthDate,
        revision,
      })),
    VaccinationRecorded: ({ data: { petId, vaccine, givenOn, validUntil }, revision }) =>
      changePet({ petId }, (row) => ({
        vaccinations: [
          ...(row.vaccinations as Vaccination[]),
          { vaccine, givenOn, validUntil } satisfies Vaccination,
        ],
        revision,
      })),
    PetRemoved: ({ data, revision }) => changePet(data, () => ({ removed: true, revision })),
  },
});
