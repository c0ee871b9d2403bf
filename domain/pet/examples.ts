import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { addPet, changePet, recordVaccination, removePet } from './decide.ts';
import type { PetEvent } from './events.ts';
import { pet } from './state.ts';

const { petId, memberId } = exampleIds;
export const ids = { petId, memberId };
export const now = '2026-05-01T08:00:00.000Z';
export const details = {
  name: 'Rex',
  species: 'dog',
  breed: 'Beagle',
  birthDate: '2025-11-20',
} as const;
export const vaccination = {
  vaccine: 'Rabies',
  givenOn: '2026-03-02',
  validUntil: '2029-03-02',
} as const;

export const added: PetEvent = { type: 'PetAdded', data: { ...ids, ...details } };
export const vaccinated: PetEvent = {
  type: 'VaccinationRecorded',
  data: { ...ids, ...vaccination },
};
export const removed: PetEvent = { type: 'PetRemoved', data: ids };

export const examples = defineExamples(pet, {
  statuses: { none: [], kept: [added], removed: [added, removed] },
  situations: { vaccinated: [added, vaccinated] },
  commands: {
    addPet: (state) => addPet(state, { ...ids, ...details, now }),
    'addPet (not born yet)': (state) =>
      addPet(state, { ...ids, ...details, birthDate: '2026-05-03', now }),
    changePet: (state) => changePet(state, { changes: { breed: 'Mixed' }, now }),
    'changePet (to what it is)': (state) => changePet(state, { changes: details, now }),
    recordVaccination: (state) => recordVaccination(state, { ...vaccination, now }),
    'recordVaccination (not given yet)': (state) =>
      recordVaccination(state, { ...vaccination, givenOn: '2026-05-03', now }),
    removePet: (state) => removePet(state),
  },
});
