import { expect, test } from 'vitest';
import { z } from 'zod';
import { compareForms } from './compare.ts';
import { hashOf, storedForm } from './json-schema.ts';

const form = (shape: z.ZodRawShape) => storedForm({ schema: z.strictObject(shape), personal: [] });

function changes(old: z.ZodRawShape, now: z.ZodRawShape): string[] {
  return compareForms(form(old), form(now)).map(
    ({ text, widening }) => `${widening ? 'widens' : 'breaks'}: ${text}`,
  );
}

const id = z.string();
const cases: readonly [string, z.ZodRawShape, z.ZodRawShape, string[]][] = [
  ['nothing', { id }, { id }, []],
  ['a required field more', { id }, { id, x: id }, ['breaks: field `x` was added and is required']],
  [
    'an optional field more',
    { id },
    { id, x: id.optional() },
    ['widens: field `x` was added and is optional'],
  ],
  ['a field less', { id, x: id }, { id }, ['breaks: field `x` was removed']],
  [
    'an optional field that became required',
    { x: id.optional() },
    { x: id },
    ['breaks: field `x` became required'],
  ],
  [
    'a required field that became optional',
    { x: id },
    { x: id.optional() },
    ['widens: field `x` became optional'],
  ],
  ['null allowed', { x: id }, { x: id.nullable() }, ['widens: field `x` may be null now']],
  ['null forbidden', { x: id.nullable() }, { x: id }, ['breaks: field `x` may no longer be null']],
  [
    'an enum that got one and lost one',
    { x: z.enum(['a', 'b']) },
    { x: z.enum(['a', 'c']) },
    ['breaks: field `x` lost the value "b"', 'widens: field `x` got the value "c"'],
  ],
  [
    'a literal that became an enum with it',
    { x: z.literal('a') },
    { x: z.enum(['a', 'b']) },
    ['widens: field `x` got the value "b"'],
  ],
  [
    'another type',
    { x: z.string() },
    { x: z.boolean() },
    ['breaks: field `x` changed from string to boolean'],
  ],
  [
    'a bound that is wider',
    { x: z.string().max(10) },
    { x: z.string().max(20) },
    ['widens: field `x` is bounded from above by 20 instead of 10'],
  ],
  [
    'a bound that is narrower, deep inside',
    { list: z.array(z.strictObject({ x: z.string().min(1) })) },
    { list: z.array(z.strictObject({ x: z.string().min(2) })) },
    ['breaks: field `list[]/x` is bounded from below by 2 instead of 1'],
  ],
  [
    'another pattern',
    { x: z.string().regex(/^a/) },
    { x: z.string().regex(/^b/) },
    ['breaks: field `x`: pattern changed from "^a" to "^b"'],
  ],
  [
    'a union with one more',
    { x: z.union([z.strictObject({ a: id }), z.strictObject({ b: id })]) },
    {
      x: z.union([
        z.strictObject({ a: id }),
        z.strictObject({ b: id }),
        z.strictObject({ c: z.int() }),
      ]),
    },
    [expect.stringContaining('widens: field `x` got the alternative')],
  ],
  [
    'a union whose one form was narrowed',
    { x: z.union([z.strictObject({ a: id.max(9) }), z.strictObject({ b: id })]) },
    { x: z.union([z.strictObject({ a: id.max(8) }), z.strictObject({ b: id })]) },
    expect.arrayContaining([
      expect.stringContaining('breaks: field `x` lost or narrowed the alternative'),
    ]),
  ],
];

test.each(cases)('%s', (_name, old, now, expected) => {
  expect(changes(old, now)).toEqual(expected);
});

test('a description may change; a field called description may not', () => {
  const plain = form({ description: id });
  const told = form({ description: id.meta({ description: 'what it is', example: 'a dog' }) });
  expect(hashOf(told)).toBe(hashOf(plain));
  expect(hashOf(form({ title: id }))).not.toBe(hashOf(plain));
});

test('a personal mark that comes or goes breaks: stored values are in clear or encrypted', () => {
  const bare = form({ email: id });
  const marked = { ...bare, personal: ['/email: contact of memberId'] };
  expect(compareForms(marked, bare)[0]?.text).toContain('would be stored in clear');
  expect(compareForms(bare, marked)[0]).toMatchObject({ widening: false });
});
