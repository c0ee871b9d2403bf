import { describe, expect, test } from 'vitest';
import { exampleIds } from '../_kernel/examples.ts';
import { deriveId } from '../_kernel/ids.ts';
import { type BroughtPet, type PetTerms, refusePets } from './pets.ts';

const { memberId, petId } = exampleIds;
const puppies: PetTerms = { species: ['dog'], minAgeMonths: 6 };
/** Already the 1st of June where it takes place. */
const start = { startsAt: '2026-05-31T22:30:00.000Z', timeZone: 'Europe/Berlin' };
const rex = { memberId, species: 'dog', birthDate: '2025-11-20' } as const;
const refusal = (petTerms: PetTerms | null, ...pets: BroughtPet['pet'][]) =>
  refusePets(
    { ...start, petTerms },
    memberId,
    pets.map((pet) => ({ petId, pet })),
  )?.code ?? null;

describe('without terms', () => {
  test('people come with their own pets or without any', () => {
    expect(refusal(null)).toBeNull();
    expect(refusal(null, { ...rex, species: 'fish', birthDate: '2026-05-30' })).toBeNull();
    expect(refusal(null, rex, { ...rex, memberId: deriveId('mem', 'other') })).toBe(
      'pet-not-found',
    );
    expect(refusal(null, null)).toBe('pet-not-found');
  });
});

describe('an activity for pets', () => {
  test('asks for one', () => {
    expect(refusal(puppies)).toBe('pet-required');
    expect(refusal({ species: null, minAgeMonths: null })).toBe('pet-required');
  });

  test('looks at each of them', () => {
    expect(refusal(puppies, rex)).toBeNull();
    expect(refusal(puppies, rex, { ...rex, species: 'cat' })).toBe('pet-species');
    expect(refusal({ ...puppies, species: null }, { ...rex, species: 'cat' })).toBeNull();
  });

  test('counts months up to the day it starts, where it takes place', () => {
    expect(refusal(puppies, { ...rex, birthDate: '2025-12-01' })).toBeNull();
    expect(refusal(puppies, { ...rex, birthDate: '2025-12-02' })).toBe('pet-too-young');
    // Six months after 31 August is the last day of February.
    const march = { startsAt: '2026-02-28T12:00:00.000Z', timeZone: 'UTC', petTerms: puppies };
    const august = [{ petId, pet: { ...rex, birthDate: '2025-08-31' } }];
    expect(refusePets(march, memberId, august)).toBeNull();
    // Nobody knows any more how old it is.
    expect(refusal(puppies, { ...rex, birthDate: null })).toBe('pet-too-young');
    expect(refusal({ ...puppies, minAgeMonths: null }, { ...rex, birthDate: null })).toBeNull();
  });
});
