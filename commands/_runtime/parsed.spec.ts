import { expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidInput } from './errors.ts';
import { parse, parsedBy } from './parsed.ts';

const count = z.strictObject({ count: z.number().default(1) });
const other = z.strictObject({ count: z.number() });

test('what its schema has made is taken as it is', () => {
  const value = { count: 3 };
  expect(parse(count, parsedBy(count, value), 'body')).toBe(value);
});

test('what another schema has made, or nobody, is parsed', () => {
  expect(parse(count, {}, 'body')).toEqual({ count: 1 });
  expect(() => parse(count, parsedBy(other, { count: 1 }), 'body')).toThrow(InvalidInput);
});

test('nobody can say it of a value in JSON', () => {
  const claims = JSON.parse('{"value":{"count":"many"},"parsed":true,"Symbol(parsed)":{}}');
  expect(() => parse(count, claims, 'body')).toThrow(InvalidInput);
});
