import { type Derive, type Expected, refused, stringsFor, text } from './kit.ts';

const cursor = (...values: unknown[]): string => Buffer.from(text(values)).toString('base64url');

const cursors: Readonly<Record<string, string>> = {
  garbage: '!!!',
  'no JSON': Buffer.from('{').toString('base64url'),
  'an object': Buffer.from('{"a":1}').toString('base64url'),
  'no values': cursor(),
  'too many values': cursor(1, 2, 3, 4, 5),
  nulls: cursor(null, null),
  prototypes: Buffer.from('[{"__proto__":{"a":1}}]').toString('base64url'),
  'a number beyond 53 bits': Buffer.from('[9007199254740993]').toString('base64url'),
  'a number beyond all': Buffer.from('[1e999]').toString('base64url'),
  'broken UTF-8': Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]).toString('base64url'),
  overlong: cursor('x'.repeat(1000)),
  'deep nesting': Buffer.from('['.repeat(300)).toString('base64url'),
};

/** Of the right shape for some list: a page from there, or a refusal. */
const plausible: Readonly<Record<string, string>> = {
  'SQL in a text': cursor("'; DROP TABLE x; --"),
  'NUL in a text': cursor('a\u0000b'),
  'a lone surrogate': cursor('\ud800', '\udfff'),
  'the largest number': cursor(Number.MAX_SAFE_INTEGER),
  'a negative number': cursor(Number.MIN_SAFE_INTEGER),
  'a fraction': cursor(1.5),
  'a moment and an overlong id': cursor('2026-01-01T00:00:00.000Z', 'x'.repeat(300)),
  'a moment and NUL': cursor('2026-01-01T00:00:00.000Z', '\u0000'),
  'a moment and a surrogate': cursor('2026-01-01T00:00:00.000Z', '\ud800'),
  'a moment and the largest number': cursor('9999-12-31T23:59:59.999Z', Number.MAX_SAFE_INTEGER),
  'the year 0': cursor('0000-01-01T00:00:00.000Z', 'x'),
  'the year 0 and a number': cursor('0000-01-01T00:00:00.000Z', 1),
};

/** An empty text counts as left out in some places; everything else has to be refused. */
const either = (value: string, name: string): Expected =>
  value.trim() === '' ? { kind: 'either' } : refused([400], 'invalid-input', `#/query/${name}`);

export const queries: Derive = ({ target, call, make }) => {
  if (target.api !== 'read') return [];
  const ask = (name: string, search: string, expected: Expected) =>
    make(name, { path: `${call.path}?${search}` }, expected);
  const at = (name: string) => refused([400], 'invalid-input', `#/query/${name}`);
  const inQuery = target.parameters.filter((parameter) => parameter.in === 'query');
  const each = inQuery.flatMap(({ name, schema }) => {
    const free =
      schema.type === 'string' && schema.enum === undefined && schema.pattern === undefined;
    const hostile = stringsFor(schema)
      .filter(([, value]) => value.length <= 300)
      .map(([what, value]) => {
        const search = `${name}=${encodeURIComponent(value.toWellFormed())}`;
        const takesIt = free && name !== 'cursor';
        const fits =
          takesIt || (schema.pattern !== undefined && RegExp(schema.pattern).test(value));
        return ask(`${what} in ${name}`, search, fits ? { kind: 'either' } : either(value, name));
      });
    return [
      ask(`${name} twice`, `${name}=1&${name}=2`, at(name)),
      ask(`${name} as a list`, `${name}[]=1`, refused([400], 'invalid-input')),
      ask(`${name} as an object`, `${name}[a]=1`, refused([400], 'invalid-input')),
      ask(`${name} in broken UTF-8`, `${name}=%ff%fe`, { kind: 'either' }),
      ask(`${name} overlong`, `${name}=${'9'.repeat(6000)}`, at(name)),
      ...hostile,
    ];
  });
  const takesCursor = inQuery.some(({ name }) => name === 'cursor');
  const paging = !takesCursor
    ? []
    : [
        ...Object.entries(cursors).map(([name, value]) =>
          ask(`a cursor: ${name}`, `cursor=${value}`, at('cursor')),
        ),
        ...Object.entries(plausible).map(([name, value]) =>
          ask(`a cursor: ${name}`, `cursor=${value}`, { kind: 'either' }),
        ),
        ...['0', '-1', '201', '1e9', '1.5', '0x10', 'Infinity', ''].map((limit) =>
          ask(
            `limit ${limit}`,
            `limit=${limit}`,
            limit === '0x10' ? { kind: 'either' } : at('limit'),
          ),
        ),
      ];
  return [
    ...each,
    ...paging,
    ask('an unknown parameter', 'surprise=1', at('surprise')),
    ask('__proto__', '__proto__=1', at('__proto__')),
    ask('constructor', 'constructor[prototype]=1', refused([400], 'invalid-input')),
    ask(
      'a thousand parameters',
      Array.from({ length: 1000 }, (_, n) => `p${n}=1`).join('&'),
      refused([400], 'invalid-input'),
    ),
  ];
};
