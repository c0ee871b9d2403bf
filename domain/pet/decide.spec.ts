import { describe, expect, test } from 'vitest';
import { spec } from '../_kernel/spec-kit.ts';
import { addPet, changePet, recordVaccination, removePet } from './decide.ts';
import type { PetEvent } from './events.ts';
import { added, details, ids, now, removed, vaccinated, vaccination } from './examples.ts';
import { type PetState, pet } from './state.ts';

const add = (birthDate: string) => (state: PetState) =>
  addPet(state, { ...ids, ...details, birthDate, now });
const born = (birthDate: string): PetEvent => ({
  type: 'PetAdded',
  data: { ...ids, ...details, birthDate },
});

describe('a pet', () => {
  test('is added once it is born, wherever on Earth that is today', () => {
    spec(pet).given().when(add('2026-05-01')).then(born('2026-05-01'));
    const evening = '2026-05-01T10:00:00.000Z';
    spec(pet)
      .given()
      .when((state) => addPet(state, { ...ids, ...details, birthDate: '2026-05-02', now: evening }))
      .then(born('2026-05-02'));
    spec(pet).given().when(add('2026-05-02')).thenRejected('date-in-future');
  });

  test('that is corrected tells all its details, and nothing when nothing changed', () => {
    const change = (changes: object) => (state: PetState) => changePet(state, { changes, now });
    spec(pet)
      .given(added)
      .when(change({ name: 'Rexine', species: 'cat' }))
      .then({
        type: 'PetDetailsChanged',
        data: { ...ids, ...details, name: 'Rexine', species: 'cat' },
      });
    spec(pet).given(added).when(change(details)).then();
    spec(pet)
      .given(added)
      .when(change({ birthDate: '2027-01-01' }))
      .thenRejected('date-in-future');
    spec(pet)
      .given(added, removed)
      .when(change({ name: 'Rexine' }))
      .thenRejected('not-found');
  });

  test('that is removed stays removed, and keeps what was known', () => {
    const { state } = spec(pet)
      .given(added, vaccinated)
      .when((current) => removePet(current));
    expect(state()).toMatchObject({ status: 'removed', name: 'Rex', vaccinations: [vaccination] });
    spec(pet)
      .given(added, removed)
      .when((current) => removePet(current))
      .then();
  });
});

describe('a vaccination', () => {
  const record =
    (changes: Partial<typeof vaccination | { validUntil: null }> = {}) =>
    (state: PetState) =>
      recordVaccination(state, { ...vaccination, ...changes, now });

  test('is recorded once', () => {
    spec(pet).given(added).when(record()).then(vaccinated);
    spec(pet).given(added, vaccinated).when(record()).then();
    const { state } = spec(pet)
      .given(added, vaccinated)
      .when(record({ validUntil: null }));
    expect(state()).toMatchObject({ vaccinations: [{}, { validUntil: null }] });
  });

  test('was given before it is recorded, and does not end before', () => {
    spec(pet)
      .given(added)
      .when((state) => recordVaccination(state, { ...vaccination, givenOn: '2026-05-03', now }))
      .thenRejected('date-in-future');
    spec(pet)
      .given(added)
      .when((state) => recordVaccination(state, { ...vaccination, validUntil: '2026-03-01', now }))
      .thenRejected('ends-before-start');
    spec(pet).given(added, removed).when(record()).thenRejected('not-found');
  });
});
