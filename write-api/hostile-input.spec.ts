import { afterAll, beforeAll, expect, test } from 'vitest';
import { activityId, bearer, recordingBus, sampleWriteApi } from './_fixtures/sample.ts';
import type { WriteApi } from './index.ts';

const path = `/v1/activities/${activityId}/walks`;
const bus = recordingBus();
let app: WriteApi;
let authorization: string;

beforeAll(async () => {
  app = await sampleWriteApi({ bus });
  authorization = await bearer('member');
});
afterAll(async () => {
  expect(bus.sent).toEqual([]);
  await app.close();
});

const send = async (payload: string | Buffer, headers: Record<string, string> = {}, url = path) => {
  const response = await app.inject({
    method: 'POST',
    url,
    headers: {
      authorization,
      'idempotency-key': 'k',
      'content-type': 'application/json',
      ...headers,
    },
    payload,
  });
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  return { status: response.statusCode, ...response.json() };
};
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

test.each([
  ['cut JSON', '{"dogs":2', 400, 'malformed-json'],
  ['no JSON', 'dogs=2', 400, 'malformed-json'],
  ['two documents', '{"dogs":2}{"dogs":3}', 400, 'malformed-json'],
  ['a comment', '{"dogs":2/* two */}', 400, 'malformed-json'],
  ['NaN', '{"dogs":NaN}', 400, 'malformed-json'],
  [
    'bytes that are no UTF-8',
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    400,
    'malformed-json',
  ],
  ['__proto__', '{"dogs":2,"__proto__":{"admin":true}}', 400, 'forbidden-key'],
  ['__proto__ in escapes', '{"dogs":2,"\\u005f_proto__":{"admin":true}}', 400, 'forbidden-key'],
  ['constructor.prototype', '{"constructor":{"prototype":{"admin":true}}}', 400, 'forbidden-key'],
  ['21 levels', nested(21), 400, 'nesting-too-deep'],
  ['60,000 levels of arrays', '['.repeat(60_000), 400, 'nesting-too-deep'],
  ['null', 'null', 400, 'invalid-input'],
  ['an array', '[]', 400, 'invalid-input'],
  ['a string', '"dogs"', 400, 'invalid-input'],
  ['a number', '2', 400, 'invalid-input'],
  ['257 KiB', `{"dogs":2,"x":"${'x'.repeat(257 * 1024)}"}`, 413, 'body-too-large'],
])('%s is refused', async (_what, payload, status, code) => {
  expect(await send(payload)).toMatchObject({ status, code });
});

test('malformed JSON names the place, and quotes nothing', async () => {
  const problem = await send('{"password":"hunter2",}');
  expect(problem.detail).toMatch(/at character \d+/);
  expect(JSON.stringify(problem)).not.toContain('hunter2');
});

test.each([
  ['an unknown field', { dogs: 2, cats: 1 }, [{ pointer: '#/cats', message: 'unknown field' }]],
  [
    'an unknown nested field',
    { dogs: 2, route: { name: 'n', stops: [], x: 1 } },
    [{ pointer: '#/route/x', message: 'unknown field' }],
  ],
  ['a missing field', {}, [{ pointer: '#/dogs', message: expect.stringContaining('required') }]],
  [
    'a wrong type',
    { dogs: '2' },
    [{ pointer: '#/dogs', message: expect.stringContaining('number') }],
  ],
  ['too much', { dogs: 10 }, [{ pointer: '#/dogs', message: expect.any(String) }]],
  ['a fraction', { dogs: 1.5 }, [{ pointer: '#/dogs', message: expect.any(String) }]],
  [
    'a number beyond all',
    { dogs: Number.POSITIVE_INFINITY },
    [{ pointer: '#/dogs', message: expect.any(String) }],
  ],
  [
    'an entry of a list',
    { dogs: 2, route: { name: 'n', stops: ['a', 5] } },
    [{ pointer: '#/route/stops/1', message: expect.any(String) }],
  ],
  [
    'another word',
    { dogs: 2, pace: 'gallop' },
    [{ pointer: '#/pace', message: expect.any(String) }],
  ],
  [
    'a key with slashes and tildes',
    { dogs: 2, 'a/b~c': 1 },
    [{ pointer: '#/a~1b~0c', message: 'unknown field' }],
  ],
])('%s is named by its pointer', async (_what, body, errors) => {
  const text = JSON.stringify(body).replace('null', '1e400');
  expect(await send(text)).toMatchObject({ status: 400, code: 'invalid-input', errors });
});

test('a thousand wrong fields give a bounded answer', async () => {
  const body = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field${i}`, i]));
  const problem = await send(JSON.stringify(body));
  expect(problem.errors.length).toBeLessThanOrEqual(50);
});

test.each([
  ['another media type', { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
  [
    'a form',
    { 'content-type': 'application/x-www-form-urlencoded' },
    415,
    'unsupported-media-type',
  ],
  [
    'JSON by another name',
    { 'content-type': 'application/xml+json' },
    415,
    'unsupported-media-type',
  ],
  ['a broken media type', { 'content-type': '///' }, 415, 'unsupported-media-type'],
])('%s is refused', async (_what, headers, status, code) => {
  expect(await send('{"dogs":2}', headers)).toMatchObject({ status, code });
});

test.each([
  ['an id of another kind', '/v1/activities/mem_00000000000000000000000000/walks'],
  ['no id', '/v1/activities/1/walks'],
  ['an id with a path in it', '/v1/activities/..%2f..%2fetc/walks'],
  ['SQL', "/v1/activities/act_'%20or%201=1/walks"],
])('%s leads nowhere and says what an id looks like', async (_what, url) => {
  expect(await send('{"dogs":2}', {}, url)).toMatchObject({
    ...{ status: 404, code: 'not-found' },
    errors: [{ pointer: '#/path/activityId', message: expect.stringContaining('act_') }],
  });
});

test('null is a body, and no object, also where no field is needed', async () => {
  const response = await app.inject({
    method: 'POST',
    url: '/v1/bells',
    headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
    payload: 'null',
  });
  expect([response.statusCode, response.json().code]).toEqual([400, 'invalid-input']);
});

test.each([
  ['an unknown path', 'POST', '/v1/nowhere', 404, 'not-found'],
  ['a broken escape', 'POST', '/v1/activities/%zz/walks', 400, 'malformed-request'],
  [
    'a parameter without end',
    'POST',
    `/v1/activities/${'a'.repeat(500)}/walks`,
    414,
    'uri-too-long',
  ],
])('%s', async (_what, method, url, status, code) => {
  const response = await app.inject({ method: method as 'POST', url, headers: { authorization } });
  expect([response.statusCode, response.json().code]).toEqual([status, code]);
  expect(response.json().traceId).toMatch(/^[0-9a-f]{32}$/);
});

test.each(['GET', 'PUT', 'PATCH', 'DELETE'] as const)(
  '%s on a command is 405 and names POST',
  async (method) => {
    const response = await app.inject({ method, url: path, headers: { authorization } });
    expect([response.statusCode, response.json().code]).toEqual([405, 'method-not-allowed']);
    expect(response.headers['allow']).toBe('OPTIONS, POST');
  },
);

test('a query string is never repeated in an answer', async () => {
  const response = await app.inject({ method: 'POST', url: '/v1/nowhere?token=hunter2' });
  expect(response.body).not.toContain('hunter2');
  expect(response.json().instance).toBe('/v1/nowhere');
});

test.each([
  ['no token', undefined, 'unauthenticated', 'Bearer realm="pawprint"'],
  ['another scheme', 'Basic YTpi', 'unauthenticated', 'Bearer realm="pawprint"'],
  ['an empty token', 'Bearer ', 'unauthenticated', 'Bearer realm="pawprint"'],
  [
    'a token that is none',
    'Bearer abc',
    'invalid-token',
    expect.stringContaining('error="invalid_token"'),
  ],
])(
  '%s is 401 with a challenge, before the body is looked at',
  async (_what, header, code, challenge) => {
    const response = await app.inject({
      method: 'POST',
      url: path,
      headers: {
        'content-type': 'application/json',
        ...(header === undefined ? {} : { authorization: header }),
      },
      payload: '{"broken',
    });
    expect([response.statusCode, response.json().code]).toEqual([401, code]);
    expect(response.headers['www-authenticate']).toEqual(challenge);
  },
);

test('a role that may not is 403 with the roles that may', async () => {
  const response = await app.inject({
    method: 'POST',
    url: path,
    headers: { authorization: await bearer('finance'), 'idempotency-key': 'k' },
    payload: { dogs: 2 },
  });
  expect([response.statusCode, response.json().code]).toEqual([403, 'forbidden']);
  expect(response.json().detail).toContain('member, staff');
});

test('a bad token is refused even where none is needed', async () => {
  const response = await app.inject({
    method: 'POST',
    url: '/v1/bells',
    headers: { authorization: 'Bearer abc', 'idempotency-key': 'k' },
  });
  expect([response.statusCode, response.json().code]).toEqual([401, 'invalid-token']);
});
