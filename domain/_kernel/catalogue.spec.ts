import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  buildCatalogue,
  decodeData,
  UndecodableEventError,
  UnknownEventError,
} from './catalogue.ts';
import { defineEvent, defineEvents } from './event.ts';

const renamed = defineEvent({
  type: 'DogWalked',
  summary: 'A dog was walked.',
  version: 3,
  data: { dog: z.string(), minutes: z.int(), lead: z.boolean() },
  upcasters: {
    1: ({ name, ...rest }) => ({ ...rest, dog: name }),
    2: (data) => ({ ...data, lead: true }),
  },
});
const catalogue = buildCatalogue([defineEvents('dog', [renamed])]);
const decode = (version: number, data: unknown) =>
  decodeData(catalogue, 'DogWalked', version, data);
const newest = { dog: 'Rex', minutes: 20, lead: true };

describe('decodeData', () => {
  test('takes every version ever written to the newest', () => {
    expect(decode(1, { name: 'Rex', minutes: 20 })).toEqual(newest);
    expect(decode(2, { dog: 'Rex', minutes: 20 })).toEqual(newest);
    expect(decode(3, newest)).toEqual(newest);
  });

  test('a type that nobody declared is never skipped', () => {
    expect(() => decodeData(catalogue, 'CatWalked', 1, {})).toThrow(UnknownEventError);
    expect(() => decodeData(catalogue, 'CatWalked', 1, {})).toThrow(/CatWalked/);
    expect(() => decodeData(catalogue, 'toString', 1, {})).toThrow(UnknownEventError);
  });

  test('neither is a version from the future', () => {
    expect(() => decode(4, newest)).toThrow(UnknownEventError);
    expect(() => decode(4, newest)).toThrow(/v4 is newer than v3/);
  });

  test('or from before the first', () => {
    expect(() => decode(0, newest)).toThrow(UnknownEventError);
  });

  test('data that does not fit says where and why', () => {
    expect(() => decode(3, { ...newest, minutes: 'long' })).toThrow(UndecodableEventError);
    expect(() => decode(3, { ...newest, minutes: 'long' })).toThrow(
      /DogWalked v3 .* at \/minutes: /,
    );
    expect(() => decode(1, { minutes: 20 })).toThrow(/DogWalked v1 .* at \/dog: /);
  });

  test('a field that nobody declared is refused', () => {
    expect(() => decode(3, { ...newest, secret: 1 })).toThrow(UndecodableEventError);
  });

  test('what is no object is refused, whatever its version', () => {
    for (const data of [null, undefined, 'text', 5, [], [newest]]) {
      expect(() => decode(3, data)).toThrow(UndecodableEventError);
    }
  });

  test('decoding does not change what was stored', () => {
    const stored = Object.freeze({ name: 'Rex', minutes: 20 });
    decode(1, stored);
    expect(stored).toEqual({ name: 'Rex', minutes: 20 });
  });
});

test('two events of one name do not make a catalogue', () => {
  const again = defineEvents('cat', [renamed]);
  expect(() => buildCatalogue([defineEvents('dog', [renamed]), again])).toThrow(/DogWalked/);
});

test('every type knows its category', () => {
  expect(catalogue.types.get('DogWalked')?.category).toBe('dog');
});
