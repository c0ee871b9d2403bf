import type { MemberId, PetId } from '../_kernel/ids.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import { addMinutes, type Instant } from '../_kernel/time.ts';
import type { PetEvent } from './events.ts';
import type { Pet, PetDetails, PetState, Vaccination } from './state.ts';

type Decided = Decision<PetEvent>;

export type AddPet = PetDetails & {
  readonly petId: PetId;
  readonly memberId: MemberId;
  readonly now: Instant;
};

export function addPet(state: PetState, { now, ...data }: AddPet): Decided {
  switch (state.status) {
    case 'none':
      return notBornYet(data, now) ?? [{ type: 'PetAdded', data }];
    case 'kept':
    case 'removed':
      return rejected('already-exists', 'There is a pet under this id already.');
  }
}

export type ChangePet = {
  readonly changes: { readonly [K in keyof PetDetails]?: PetDetails[K] | undefined };
  readonly now: Instant;
};

/** What is not among the changes stays; the event tells the whole, so that readers need no more. */
export function changePet(state: PetState, { changes, now }: ChangePet): Decided {
  switch (state.status) {
    case 'none':
    case 'removed':
      return notFound();
    case 'kept': {
      const { name, species, breed, birthDate } = state;
      const before: PetDetails = { name, species, breed, birthDate };
      const after: PetDetails = {
        name: changes.name ?? name,
        species: changes.species ?? species,
        breed: changes.breed ?? breed,
        birthDate: changes.birthDate ?? birthDate,
      };
      const keys = Object.keys(before) as (keyof PetDetails)[];
      if (keys.every((key) => before[key] === after[key])) return [];
      const data = { ...idsOf(state), ...after };
      return notBornYet(after, now) ?? [{ type: 'PetDetailsChanged', data }];
    }
  }
}

export type RecordVaccination = Vaccination & { readonly now: Instant };

export function recordVaccination(
  state: PetState,
  { now, ...vaccination }: RecordVaccination,
): Decided {
  switch (state.status) {
    case 'none':
    case 'removed':
      return notFound();
    case 'kept': {
      const { vaccine, givenOn, validUntil } = vaccination;
      if (givenOn > latestToday(now)) {
        return rejected('date-in-future', 'A vaccination is recorded once it was given.', {
          givenOn,
        });
      }
      if (validUntil !== null && validUntil < givenOn) {
        return rejected('ends-before-start', 'It cannot end before it was given.', {
          ...{ givenOn, validUntil },
        });
      }
      const known = state.vaccinations.some(
        (each) =>
          each.vaccine === vaccine && each.givenOn === givenOn && each.validUntil === validUntil,
      );
      return known
        ? []
        : [{ type: 'VaccinationRecorded', data: { ...idsOf(state), ...vaccination } }];
    }
  }
}

/** Enrollments that it is part of keep it: it may still come. */
export function removePet(state: PetState, _input: Readonly<Record<string, never>> = {}): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'kept':
      return [{ type: 'PetRemoved', data: idsOf(state) }];
    case 'removed':
      return [];
  }
}

function notBornYet({ birthDate }: PetDetails, now: Instant): Rejection | null {
  if (birthDate === null || birthDate <= latestToday(now)) return null;
  return rejected('date-in-future', 'A pet is added once it is born.');
}

/** Today where it is latest on Earth: nobody is told that their today is the future. */
function latestToday(now: Instant): string {
  return addMinutes(now, 14 * 60).slice(0, 10);
}

function idsOf({ petId, memberId }: Pet): Pick<Pet, 'petId' | 'memberId'> {
  return { petId, memberId };
}

function notFound(): Rejection {
  return rejected('not-found', 'There is no such pet.');
}
