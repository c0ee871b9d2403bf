import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { personal, personalPaths } from './personal.ts';

const mark = { subject: 'memberId', purpose: 'contact' } as const;
const name = personal(z.string(), mark);

test('a marked field may be null: its person may be erased', () => {
  expect(z.strictObject({ name }).parse({ name: null })).toEqual({ name: null });
});

test('marks are found wherever they stand in objects', () => {
  const schema = z.strictObject({
    memberId: z.string(),
    name,
    address: z.strictObject({ street: name, country: z.string() }).optional(),
    nickname: name.optional(),
  });
  expect(personalPaths(schema)).toEqual([
    { path: ['name'], mark },
    { path: ['address', 'street'], mark },
    { path: ['nickname'], mark },
  ]);
});

test('the same schema without a mark is not personal', () => {
  expect(personalPaths(z.strictObject({ name: z.string().nullable() }))).toEqual([]);
});

describe('a mark that could not be followed is an error, not a leak', () => {
  test.each([
    ['an array', z.array(name)],
    ['an array of objects', z.array(z.strictObject({ name }))],
    ['a union', z.union([z.strictObject({ name }), z.strictObject({ other: z.string() })])],
    ['a nullable array', z.array(name).nullable()],
  ])('in %s', (_name, part) => {
    expect(() => personalPaths(z.strictObject({ part }))).toThrow(/\/part/);
  });

  test.each([
    ['a record', z.record(z.string(), name)],
    ['a tuple', z.tuple([name])],
    ['a default', name.default(null)],
    ['a readonly', name.readonly()],
    ['a lazy schema', z.lazy(() => name)],
    ['a pipe', name.pipe(z.string().nullable())],
    ['a set', z.set(name)],
    ['a map', z.map(z.string(), name)],
    ['a transformation', z.strictObject({ name }).transform((value) => value)],
    ['an array in a union', z.union([z.string(), z.array(z.strictObject({ name }))])],
    ['an intersection', z.intersection(z.strictObject({ name }), z.strictObject({}))],
  ])('in %s', (_name, part) => {
    expect(() => personalPaths(z.strictObject({ part }))).toThrow(/\/part/);
  });
});

test('a schema that holds itself is looked through all the same', () => {
  type Pack = { dogs: Pack[] };
  const pack: z.ZodType<Pack> = z.strictObject({ dogs: z.array(z.lazy(() => pack)) });
  expect(personalPaths(z.strictObject({ pack }))).toEqual([]);
});
