import { defineAggregate } from '../_kernel/aggregate.ts';
import { impossible } from '../_kernel/history.ts';
import type { MemberId, PetId } from '../_kernel/ids.ts';
import type { Species } from '../_kernel/species.ts';
import { type PetEvent, petEvents } from './events.ts';

/** Personal fields are null once the person was erased. Dates are days (`2026-05-01`). */
export type PetDetails = {
  readonly name: string | null;
  readonly species: Species;
  readonly breed: string | null;
  readonly birthDate: string | null;
};

export type Vaccination = {
  readonly vaccine: string | null;
  readonly givenOn: string;
  readonly validUntil: string | null;
};

export type Pet = PetDetails & {
  readonly petId: PetId;
  readonly memberId: MemberId;
  readonly vaccinations: readonly Vaccination[];
};

export type PetState =
  | { readonly status: 'none' }
  | (Pet & { readonly status: 'kept' })
  | (Pet & { readonly status: 'removed' });

/** A member's pet, as its owner describes it. */
export const pet = defineAggregate({ events: petEvents, initial, evolve });

function initial(): PetState {
  return { status: 'none' };
}

function evolve(state: PetState, event: PetEvent): PetState {
  if (event.type === 'PetAdded') {
    return state.status === 'none'
      ? { ...event.data, vaccinations: [], status: 'kept' }
      : impossible(event, state.status);
  }
  if (state.status === 'none') return impossible(event, state.status);
  switch (event.type) {
    case 'PetDetailsChanged':
      return { ...state, ...event.data };
    case 'VaccinationRecorded': {
      const { vaccine, givenOn, validUntil } = event.data;
      const vaccination = { vaccine, givenOn, validUntil };
      return { ...state, vaccinations: [...state.vaccinations, vaccination] };
    }
    case 'PetRemoved':
      return { ...state, status: 'removed' };
  }
}
