import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineSchema, slugSchema, textSchema } from './text.ts';

const line = lineSchema(1, 200);
const text = textSchema(1, 200);
const ok = (schema: typeof line | typeof slugSchema, value: unknown) =>
  schema.safeParse(value).success;

describe('text that people typed', () => {
  test.each([
    ['umlauts and other scripts', 'Jürgen Ångström 李小龍 محمد'],
    ['emoji made of several', 'Rex 🐕‍🦺 👩🏽‍🚀'],
    ['combining marks', 'e\u0301'],
    ['quotes and markup', `Robert'); DROP TABLE members;-- <script>alert(1)</script>`],
    ['a name like a template', '{{constructor.constructor}}'],
    ['right-to-left marks', 'abc \u202e def'],
  ])('keeps %s', (_name, value) => {
    expect(line.parse(value)).toBe(value);
  });

  test.each([
    ['a NUL, which Postgres cannot store', 'a\u0000b'],
    ['an escape sequence', '\u001b[31mred'],
    ['a backspace', 'a\u0008b'],
    ['DEL', 'a\u007fb'],
    ['a lone high surrogate', 'a\ud800b'],
    ['a lone low surrogate', 'a\udc00b'],
    ['surrogates the wrong way round', '\udc00\ud800'],
    ['spaces only', '   '],
    ['no-break spaces only', '\u00a0\u3000\ufeff'],
    ['nothing', ''],
    ['more than fits', 'x'.repeat(201)],
    ['a number', 5],
  ])('refuses %s', (_name, value) => {
    expect(ok(line, value)).toBe(false);
    expect(ok(text, value)).toBe(false);
  });

  test('line breaks and tabs are text but not a line', () => {
    for (const value of ['a\nb', 'a\r\nb', 'a\tb']) {
      expect(ok(text, value)).toBe(true);
      expect(ok(line, value)).toBe(false);
    }
  });

  test.each([
    ['', 'expected at least 1 character'],
    ['  ', 'expected at least 1 visible character'],
    ['x'.repeat(201), 'expected at most 200 characters'],
  ])('one thing that is wrong is said once: %j', (value, message) => {
    const { error } = line.safeParse(value);
    expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
  });

  test('text that may be empty may be blank', () => {
    expect(ok(textSchema(0, 10), '')).toBe(true);
    expect(ok(textSchema(0, 10), '  ')).toBe(true);
  });

  test('what is taken survives UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (value) => {
        fc.pre(ok(text, value));
        expect(Buffer.from(value, 'utf8').toString('utf8')).toBe(value);
      }),
    );
  });
});

describe('slugs', () => {
  test.each(['puppy', 'puppy-first-week', '2026', 'a'])('%s is one', (value) => {
    expect(ok(slugSchema, value)).toBe(true);
  });

  test.each(['', '-a', 'a-', 'a--b', 'A', 'ä', 'a b', 'a/b', '..', 'a\n', 'x'.repeat(81)])(
    '%j is none',
    (value) => {
      expect(ok(slugSchema, value)).toBe(false);
    },
  );
});
