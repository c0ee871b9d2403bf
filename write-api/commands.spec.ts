import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  CommandRefused,
  Forbidden,
  IdempotencyConflict,
  InvalidInput,
  OutcomeUnknown,
  Overloaded,
  parsedBy,
} from '../commands/_runtime/index.ts';
import { rejected } from '../domain/_kernel/rejection.ts';
import { timeLimits } from '../platform/time-limits.ts';
import {
  activityId,
  bearer,
  memberId,
  recordingBus,
  sampleWriteApi,
  walk,
} from './_fixtures/sample.ts';
import type { WriteApi } from './index.ts';

const path = `/v1/activities/${activityId}/walks`;
let bus: ReturnType<typeof recordingBus>;
let app: WriteApi;
let authorization: string;

beforeEach(async () => {
  bus = recordingBus();
  app = await sampleWriteApi({ bus });
  authorization = await bearer('member');
});
afterEach(() => app.close());

type Post = { url?: string; headers?: Record<string, string>; payload?: unknown };
const post = ({ url = path, headers = {}, payload = { dogs: 2 } }: Post = {}) =>
  app.inject({
    method: 'POST',
    url,
    headers: {
      authorization,
      'idempotency-key': 'key-1',
      'content-type': 'application/json',
      ...headers,
    },
    payload:
      typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
  });

test('a command goes to the bus, parsed by its own schemas, with who, key, trace and deadline', async () => {
  const before = Date.now();
  const response = await post({
    headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  });
  expect(response.statusCode).toBe(201);
  const { name, input, request } = bus.sent[0] ?? expect.fail('nothing was sent');
  expect({ name, input }).toEqual({
    name: 'plan-walk',
    input: {
      params: parsedBy(walk.params, { activityId }),
      body: parsedBy(walk.body, { dogs: 2, pace: 'slow' }),
    },
  });
  expect(request.principal).toEqual({ kind: 'person', id: memberId, roles: ['member'] });
  expect(request.key).toBe('key-1');
  expect(request.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
  expect(request.traceparent).not.toContain('00f067aa0ba902b7');
  expect(request.deadline).toBeGreaterThanOrEqual(before + timeLimits.commandMs);
});

test('the answer carries revision, token and place', async () => {
  const response = await post();
  expect(response.json()).toEqual({ id: 'walk_1', dogs: 2 });
  expect(response.headers).toMatchObject({
    etag: '"4"',
    'consistency-token': Buffer.from('{"v":1,"position":"1823"}').toString('base64url'),
    location: 'http://read.test/v1/walks/walk_1',
    'cache-control': 'no-store',
  });
  expect(response.headers).not.toHaveProperty('idempotency-hit');
});

test('a repeat says so and is otherwise the same', async () => {
  const first = await post();
  const answer = bus.answer;
  bus.answer = async (sent) => ({ ...(await answer(sent)), replayed: true });
  const again = await post();
  expect(again.headers['idempotency-hit']).toBe('true');
  expect([again.statusCode, again.body, again.headers.etag]).toEqual([
    201,
    first.body,
    first.headers.etag,
  ]);
  expect(again.headers['consistency-token']).toBe(first.headers['consistency-token']);
});

test('a command that stored nothing has neither revision nor token', async () => {
  bus.answer = () => ({
    reply: { id: 'walk_1', dogs: 2 },
    replayed: false,
    revision: null,
    position: null,
  });
  const { headers } = await post();
  expect(headers).not.toHaveProperty('etag');
  expect(headers).not.toHaveProperty('consistency-token');
});

test.each([
  ['bare', 'key-1', 'key-1'],
  ['quoted', '"key-1"', 'key-1'],
  ['quoted with escapes', '"a\\"b\\\\c"', 'a"b\\c'],
  ['one character', 'k', 'k'],
  ['255 characters', 'k'.repeat(255), 'k'.repeat(255)],
])('an idempotency key may be %s', async (_how, header, key) => {
  expect((await post({ headers: { 'idempotency-key': header } })).statusCode).toBe(201);
  expect(bus.sent[0]?.request.key).toBe(key);
});

test.each([
  ['too long', 'k'.repeat(256)],
  ['with a space', 'a b'],
  ['sent twice', 'a, b'],
  ['not ASCII', 'schlüssel'],
  ['an open quote', '"abc'],
  ['an empty string', '""'],
  ['something behind the quote', '"abc";q=1'],
])('an idempotency key that is %s is refused', async (_how, key) => {
  const response = await post({ headers: { 'idempotency-key': key } });
  expect(response.statusCode).toBe(400);
  expect(response.json()).toMatchObject({
    code: 'idempotency-key-invalid',
    errors: [{ pointer: '#/header/Idempotency-Key' }],
  });
  expect(bus.sent).toEqual([]);
});

test.each([
  ['missing', undefined],
  ['empty', ''],
])('a command whose key is %s is refused', async (_how, key) => {
  const response = await app.inject({
    method: 'POST',
    url: path,
    headers: { authorization, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    payload: { dogs: 2 },
  });
  expect([response.statusCode, response.json().code]).toEqual([400, 'idempotency-key-missing']);
  expect(bus.sent).toEqual([]);
});

test('a command without fields needs no body, and anybody may send a public one', async () => {
  bus.answer = () => ({ reply: { rung: true }, replayed: false, revision: 0, position: 1n });
  const response = await app.inject({
    method: 'POST',
    url: '/v1/bells',
    headers: { 'idempotency-key': 'k' },
  });
  expect([response.statusCode, response.json()]).toEqual([200, { rung: true }]);
  expect(bus.sent[0]?.request.principal).toEqual({ kind: 'anonymous' });
  expect(response.headers).not.toHaveProperty('location');
});

test('an internal command is no route', async () => {
  const response = await post({ url: '/v1/internal-notes', payload: {} });
  expect([response.statusCode, response.json().code]).toEqual([404, 'not-found']);
});

const problemOf = async (error: Error) => {
  bus.answer = () => Promise.reject(error);
  const response = await post();
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  return { response, problem: response.json() };
};

test('a refusal is a problem with its code, its sentence and its facts', async () => {
  const { response, problem } = await problemOf(
    new CommandRefused(
      rejected('sold-out', 'No seat is left.', { activityId, status: 'mine', waitlist: 3 }),
    ),
  );
  expect(response.statusCode).toBe(409);
  expect(problem).toEqual({
    ...{ type: '/problems/sold-out', title: 'Sold out', status: 409, code: 'sold-out' },
    ...{
      detail: 'No seat is left.',
      instance: path,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
    ...{ activityId, waitlist: 3 },
  });
});

test.each([
  [
    'another input under the key',
    new IdempotencyConflict('x'),
    422,
    'idempotency-key-reused',
    undefined,
  ],
  ['outcome unknown', new OutcomeUnknown('x'), 503, 'outcome-unknown', '1'],
  ['overloaded', new Overloaded('x'), 503, 'overloaded', '1'],
  ['forbidden by the bus', new Forbidden('x'), 403, 'forbidden', undefined],
  [
    'refused as not found',
    new CommandRefused(rejected('not-found', 'There is no such dog.')),
    404,
    'not-found',
    undefined,
  ],
  [
    'its stream deleted for good',
    Object.assign(new Error('x'), { name: 'ReadRefusedError' }),
    404,
    'not-found',
    undefined,
  ],
  [
    'refused with an unlisted code',
    new CommandRefused(rejected('too-wet', 'It rains.')),
    409,
    'too-wet',
    undefined,
  ],
  [
    'no connection to Postgres',
    Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
    503,
    'unavailable',
    '1',
  ],
])('%s', async (_what, error, status, code, retryAfter) => {
  const { response, problem } = await problemOf(error);
  expect([response.statusCode, problem.status, problem.code]).toEqual([status, status, code]);
  expect(response.headers['retry-after']).toBe(retryAfter);
});

test('what the bus finds wrong with the input is named as HTTP names it', async () => {
  const issues = [
    { path: ['body', 'route', 'stops', 0], message: 'expected a name' },
    { path: ['params', 'activityId'], message: 'no' },
  ];
  const { problem } = await problemOf(new InvalidInput(issues));
  expect(problem).toMatchObject({
    ...{ code: 'invalid-input', status: 400 },
    errors: [
      { pointer: '#/route/stops/0', message: 'expected a name' },
      { pointer: '#/path/activityId', message: 'no' },
    ],
  });
});

test('a fault of ours says nothing about us', async () => {
  const { response, problem } = await problemOf(
    new TypeError(
      "Cannot read 'secret' of undefined at /srv/app/commands/x.ts:12 password=hunter2",
    ),
  );
  expect(response.statusCode).toBe(500);
  expect(problem).toMatchObject({ code: 'internal-error', title: 'Internal error' });
  expect(response.body).not.toMatch(/secret|hunter2|\.ts|TypeError/);
});

test('a reply that does not fit its schema is a fault of ours, not a leak', async () => {
  bus.answer = () => ({
    reply: { id: 'w', dogs: 2, passwordHash: 'x' },
    replayed: false,
    revision: 0,
    position: 1n,
  });
  const response = await post();
  expect([response.statusCode, response.json().code]).toEqual([500, 'internal-error']);
  expect(response.body).not.toContain('passwordHash');
  expect(response.headers).not.toHaveProperty('etag');
  expect(response.headers).not.toHaveProperty('consistency-token');
});

test('the handler is given up in time', async () => {
  await app.close();
  app = await sampleWriteApi({ bus, limits: { handlerTimeoutMs: 30 } });
  bus.answer = () => new Promise(() => undefined);
  const response = await post();
  expect([response.statusCode, response.json().code]).toEqual([503, 'timed-out']);
  expect(response.headers['retry-after']).toBe('1');
});
