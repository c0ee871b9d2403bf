import { ABSENT, type Derive, type Expected, refused, text } from './kit.ts';

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** One for all: they are not changed. */
export const tenMegabytes = Buffer.from(`{"x":"${'x'.repeat(10 * 1024 * 1024)}"}`);

/** A command, a session and a route of the rare kind; the server is one: what it reads it reads alike. */
const bigBodies = new Set(['enroll', 'log-in', 'draft-article']);

export const whole: Derive = ({ target, make, body }) => {
  if (target.body === null) return [];
  const send = (name: string, payload: string | Buffer, expected: Expected) =>
    make(name, { body: payload }, expected);
  const json = refused([400], 'malformed-json');
  const input = refused([400], 'invalid-input');
  const entries = text(body).slice(1, -1);
  const beside = (member: string) => `{${[entries, member].filter(Boolean).join(',')}}`;
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml+json',
    '///',
    'application/json/x',
    'application/cbor',
  ];
  return [
    ...[
      '{',
      '{"a":1',
      'a=1',
      `${text(body)}{}`,
      '{"a":NaN}',
      "{'a':1}",
      '{"a":1,}',
      '{"a":"\u0001"}',
      '{"a":"\\x"}',
    ].map((payload) => send(`malformed JSON ${payload.slice(-12)}`, payload, json)),
    send('bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), json),
    send('UTF-16', Buffer.from('{}', 'utf16le'), json),
    ...['null', '[]', '"text"', '1', 'true', '[{}]'].map((payload) =>
      send(`the body ${payload}`, payload, input),
    ),
    send('an unknown field', beside('"surprise":1'), refused([400], 'invalid-input', '#/surprise')),
    send('a field by number', beside('"0":1'), refused([400], 'invalid-input', '#/0')),
    send(
      'a thousand unknown fields',
      text(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`f${n}`, n]))),
      input,
    ),
    send('__proto__', beside('"__proto__":{"admin":true}'), refused([400], 'forbidden-key')),
    send(
      '__proto__ in escapes',
      beside('"\\u005f_proto__":{"admin":true}'),
      refused([400], 'forbidden-key'),
    ),
    send(
      'constructor.prototype',
      beside('"constructor":{"prototype":{"admin":true}}'),
      refused([400], 'forbidden-key'),
    ),
    send(
      'constructor',
      beside('"constructor":1'),
      refused([400], 'invalid-input', '#/constructor'),
    ),
    send('21 levels', nested(21), refused([400], 'nesting-too-deep')),
    ...(bigBodies.has(target.name)
      ? [
          send('60,000 levels', '['.repeat(60_000), refused([400], 'nesting-too-deep')),
          send('10 MB', tenMegabytes, refused([413], 'body-too-large')),
        ]
      : []),
    ...types.map((type) =>
      make(
        `the content type ${type}`,
        { headers: { 'content-type': type } },
        refused([415], 'unsupported-media-type'),
      ),
    ),
    make('compressed, it says', { headers: { 'content-encoding': 'gzip' } }, { kind: 'either' }),
    make(
      'no content type',
      { headers: { 'content-type': ABSENT } },
      refused([415], 'unsupported-media-type'),
    ),
  ];
};
