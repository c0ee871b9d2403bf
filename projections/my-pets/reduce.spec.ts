import { expect, test } from 'vitest';
import {
  added,
  details,
  ids,
  removed,
  vaccinated,
  vaccination,
} from '../../domain/pet/examples.ts';
import { deliver, rowsAfter, type Told } from '../_runtime/spec-kit.ts';
import { myPetsProjection } from './reduce.ts';
import { pets } from './table.ts';

const stream = `pet-${ids.petId}`;
const rowAfter = (...events: readonly Told[1][]) =>
  rowsAfter(myPetsProjection, deliver(...events.map((event): Told => [stream, event]))).of(pets)[0];

test('a pet is what was said of it last, with every vaccination', () => {
  const changed = { type: 'PetDetailsChanged', data: { ...ids, ...details, name: 'Rexine' } };
  expect(rowAfter(added, vaccinated, changed)).toEqual({
    changed_ordinal: 3,
    pet_id: ids.petId,
    member_id: ids.memberId,
    ordinal: 1,
    name: 'Rexine',
    species: 'dog',
    breed: 'Beagle',
    birth_date: '2025-11-20',
    vaccinations: [vaccination],
    removed: false,
    revision: 2,
  });
});

test('a removed pet is kept: somebody may bring it still', () => {
  expect(rowAfter(added, removed)).toMatchObject({ removed: true, name: 'Rex' });
});

test('of an erased person the species is left', () => {
  const nobody = { name: null, breed: null, birthDate: null };
  const row = rowAfter({ type: 'PetAdded', data: { ...ids, ...details, ...nobody } });
  expect(row).toMatchObject({ name: null, breed: null, birth_date: null, species: 'dog' });
});
