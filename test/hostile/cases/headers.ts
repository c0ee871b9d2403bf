import { ABSENT, type Derive, refused } from './kit.ts';

export const keys: Derive = ({ target, make }) => {
  if (!target.keyed) return [];
  const of = (name: string, value: string | string[], code: string) =>
    make(
      name,
      { headers: { 'idempotency-key': value } },
      refused([400], code, '#/header/Idempotency-Key'),
    );
  return [
    of('no key', ABSENT, 'idempotency-key-missing'),
    of('an empty key', '', 'idempotency-key-missing'),
    of('an overlong key', 'k'.repeat(256), 'idempotency-key-invalid'),
    of('a key of 8 KiB', 'k'.repeat(8192), 'idempotency-key-invalid'),
    of('a key that is not ASCII', 'schl\u00fcssel', 'idempotency-key-invalid'),
    of('a key with a space', 'a b', 'idempotency-key-invalid'),
    of('a key with a tab', 'a\tb', 'idempotency-key-invalid'),
    of('two keys', ['a', 'b'], 'idempotency-key-invalid'),
    of('an open quote', '"abc', 'idempotency-key-invalid'),
  ];
};

/** Of a route that needs the revision that was seen. */
export const revisions: Derive = ({ target, make }) =>
  target.seen
    ? [
        make(
          'no revision',
          { headers: { 'if-match': ABSENT } },
          refused([428], 'revision-required'),
        ),
        make(
          'another revision',
          { headers: { 'if-match': '"999"' } },
          refused([412], 'revision-mismatch'),
        ),
        make(
          'a weak tag',
          { headers: { 'if-match': 'W/"0"' } },
          refused([412], 'revision-mismatch'),
        ),
        ...['garbage', '"1', ''].map((value) =>
          make(
            `if-match: ${value}`,
            { headers: { 'if-match': value } },
            refused([400], 'invalid-input', '#/header/If-Match'),
          ),
        ),
      ]
    : [];

const part = (value: string): string => Buffer.from(value).toString('base64url');

export const inHeaders: Derive = ({ target, make }) => {
  const ignored = Object.entries({
    accept: ['application/xml', '*/*;q=0', 'text/html,\u00e4', ','.repeat(2000)],
    'if-match': ['"999"', '*', 'W/"1"', 'garbage'],
    'if-none-match': ['*', '"1"'],
    prefer: ['wait=-1', 'wait=99999999999', 'wait=NaN', 'respond-async', '"', '\u00ff'.repeat(500)],
    'x-forwarded-for': ["127.0.0.1', 'x", '::1', '\u00e4', '9'.repeat(4000)],
    'x-forwarded-host': ['evil.example'],
    'x-http-method-override': ['DELETE'],
    traceparent: ['00-00000000000000000000000000000000-0000000000000000-00', 'garbage', '\u00e4'],
    range: ['bytes=0-99999999'],
    origin: ['null', 'https://evil.example'],
    expect: ['200-ok'],
    cookie: ['a=b; __proto__=c'],
  }).map(([name, values]) => {
    // One of each for a route: the server looks at them before it knows which route it is.
    const value = values[target.name.length % values.length] ?? '';
    return make(
      `${name}: ${value.slice(0, 40)}`,
      { headers: { [name]: value } },
      { kind: 'either' },
    );
  });
  const tokens = target.waits
    ? [
        '',
        'garbage',
        '\u00e4',
        'a'.repeat(8000),
        part('{"v":1,"position":"-1"}'),
        part('{"v":2,"position":"1"}'),
        part('{"v":1,"position":"18446744073709551616"}'),
        part('{"v":1,"position":1}'),
        part('{"__proto__":1}'),
      ].map((value) =>
        make(
          `consistency token ${value.slice(0, 30)}`,
          { headers: { 'consistency-token': value } },
          refused([400], 'invalid-consistency-token', '#/header/Consistency-Token'),
        ),
      )
    : [];
  const large = make(
    '17 KiB of headers',
    { headers: { 'x-large': 'x'.repeat(17_000) } },
    refused([431], 'headers-too-large'),
  );
  return [...ignored, ...tokens, large];
};
