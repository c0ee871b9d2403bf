import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { personal } from '../_kernel/personal.ts';
import { speciesSchema } from '../_kernel/species.ts';
import { lineSchema } from '../_kernel/text.ts';

const ids = { petId: idSchema('pet'), memberId: idSchema('mem') };
const pets = { subject: 'memberId', purpose: 'pets' } as const;

/** What is said of a pet is said of its owner: all but the species is personal. */
const details = {
  name: personal(lineSchema(1, 100), pets),
  species: speciesSchema,
  /** Empty: not known. */
  breed: personal(lineSchema(0, 100), pets),
  birthDate: personal(z.iso.date(), pets),
};

export const PetAdded = defineEvent({
  type: 'PetAdded',
  summary: 'A member told us of a pet.',
  data: { ...ids, ...details },
});

export const PetDetailsChanged = defineEvent({
  type: 'PetDetailsChanged',
  summary: "The pet's details were corrected; they are all in here, changed or not.",
  data: { ...ids, ...details },
});

export const VaccinationRecorded = defineEvent({
  type: 'VaccinationRecorded',
  summary: 'The pet was vaccinated.',
  data: {
    ...ids,
    vaccine: personal(lineSchema(1, 100), pets),
    givenOn: z.iso.date(),
    /** Null: for good, or not known. */
    validUntil: z.iso.date().nullable(),
  },
});

export const PetRemoved = defineEvent({
  type: 'PetRemoved',
  summary: 'The pet is not brought along any more.',
  data: ids,
});

export const petEvents = defineEvents('pet', [
  PetAdded,
  PetDetailsChanged,
  VaccinationRecorded,
  PetRemoved,
]);
export type PetEvent = EventsOf<typeof petEvents>;
