import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveId, eventIdOf, type IdPrefix, idPrefixes, idSchema, uuidv5 } from './ids.ts';

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const prefixes = Object.keys(idPrefixes) as IdPrefix[];

describe('uuidv5', () => {
  test('the vector of RFC 9562 appendix A.4', () => {
    expect(uuidv5(DNS, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  test('always has the version and variant bits of RFC 9562 §5.5', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), (namespace, name) => {
        expect(uuidv5(namespace, name)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
  });
});

describe('deriveId', () => {
  test('is TypeID-shaped: the prefix, then 128 bits in 26 characters', () => {
    for (const prefix of prefixes) {
      const id = deriveId(prefix, 'seed');
      // The first character carries 3 bits only (the TypeID specification: at most 7).
      expect(id).toMatch(new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`));
      expect(idSchema(prefix).safeParse(id).success).toBe(true);
    }
  });

  test('the same seed gives the same id, for ever', () => {
    // Pinned: these ids stand in logs. A change here orphans every stream there is.
    expect(deriveId('enr', 'seed')).toBe('enr_2mbyq53qbbbfda6sf8f1zvbfve');
    expect(deriveId('act', 'seed', 1)).toBe('act_080r0hpahcawzs584das1bn5nv');
  });

  test('kind, seed and index all tell ids apart', () => {
    const ids = [
      ...prefixes.map((prefix) => deriveId(prefix, 'seed').slice(4)),
      ...[1, 2, 11].map((index) => deriveId('act', 'seed', index).slice(4)),
      deriveId('act', 'seed2').slice(4),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('the events of a command have an id each, in each category, the same every time', () => {
  const commandId = uuidv5(DNS, 'command');
  const ids = [
    eventIdOf(commandId, 'seating', 0),
    eventIdOf(commandId, 'seating', 1),
    eventIdOf(commandId, 'enrollment', 0),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(eventIdOf(commandId, 'seating', 0)).toBe(ids[0]);
});

describe('idSchema', () => {
  const schema = idSchema('act');
  const good = deriveId('act', 'seed');

  test.each([
    ['another kind', deriveId('enr', 'seed')],
    ['too short', good.slice(0, -1)],
    ['too long', `${good}0`],
    ['upper case', good.toUpperCase()],
    ['a letter that is not in the alphabet', `${good.slice(0, -1)}u`],
    ['a path', `act_../${good.slice(7)}`],
    ['a line break behind', `${good}\n`],
    ['nothing', ''],
  ])('refuses %s', (_name, text) => {
    const result = schema.safeParse(text);
    expect(result.success).toBe(false);
    expect(result.error?.issues[0]?.message).toMatch(
      /^expected the id of an activity, such as act_/,
    );
  });
});
