import type { EventOf } from '../_kernel/event.ts';
import type { MemberId, PetId } from '../_kernel/ids.ts';
import { type Rejection, rejected } from '../_kernel/rejection.ts';
import type { Species } from '../_kernel/species.ts';
import type { Instant } from '../_kernel/time.ts';
import type { ActivityDrafted } from '../activity/events.ts';

export type PetTerms = NonNullable<EventOf<typeof ActivityDrafted>['data']['petTerms']>;

/** A pet that somebody wants to bring, as it is now. */
export type BroughtPet = {
  readonly petId: PetId;
  /** Null: there is no such pet, or it was removed. */
  readonly pet: {
    readonly memberId: MemberId;
    readonly species: Species;
    /** A day; null once the person was erased. */
    readonly birthDate: string | null;
  } | null;
};

/**
 * Why these pets may not come, or null. Each must be the member's own and fit what the activity asks
 * for; its age is that on the day the activity starts, where it takes place.
 */
export function refusePets(
  {
    petTerms,
    startsAt,
    timeZone,
  }: {
    readonly petTerms: PetTerms | null;
    readonly startsAt: Instant;
    readonly timeZone: string;
  },
  memberId: MemberId,
  brought: readonly BroughtPet[],
): Rejection | null {
  if (petTerms !== null && brought.length === 0) {
    return rejected('pet-required', 'This activity is for pets: say which ones come.', {
      species: petTerms.species,
      minAgeMonths: petTerms.minAgeMonths,
    });
  }
  const day = Temporal.Instant.from(startsAt).toZonedDateTimeISO(timeZone).toPlainDate();
  for (const { petId, pet } of brought) {
    if (pet === null || pet.memberId !== memberId) {
      return rejected('pet-not-found', 'The member has no such pet.', { petId });
    }
    const refusal = petTerms === null ? null : refuseOne(petTerms, day, { petId, ...pet });
    if (refusal !== null) return refusal;
  }
  return null;
}

function refuseOne(
  { species, minAgeMonths }: PetTerms,
  day: Temporal.PlainDate,
  pet: { readonly petId: PetId; readonly species: Species; readonly birthDate: string | null },
): Rejection | null {
  const { petId } = pet;
  if (species !== null && !species.includes(pet.species)) {
    return rejected('pet-species', `This activity is for: ${species.join(', ')}.`, {
      petId,
      species,
    });
  }
  if (minAgeMonths !== null && !isOldEnough(pet.birthDate, minAgeMonths, day)) {
    return rejected('pet-too-young', `Pets are at least ${minAgeMonths} months old on the day.`, {
      petId,
      minAgeMonths,
    });
  }
  return null;
}

/** Born on the 31st, it is a month older on the last day of a shorter month. */
function isOldEnough(birthDate: string | null, months: number, day: Temporal.PlainDate): boolean {
  if (birthDate === null) return false;
  const oldEnoughOn = Temporal.PlainDate.from(birthDate).add({ months });
  return Temporal.PlainDate.compare(oldEnoughOn, day) <= 0;
}
