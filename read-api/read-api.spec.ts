import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { deriveId, idSchema } from '../domain/_kernel/ids.ts';
import { faultsOf } from '../platform/http/_fixtures/check-openapi.ts';
import { decodeConsistencyToken, encodeConsistencyToken } from '../platform/http/index.ts';
import { createAccessTokens } from '../platform/identity/index.ts';
import { createLogger } from '../platform/log/index.ts';
import {
  defineQuery,
  NotFoundError,
  publicRead,
  type QueryContext,
  readRoles,
} from '../projections/_runtime/query.ts';
import { buildReadApi, type ReadApi } from './index.ts';

const activityId = deriveId('act', 'sample');
const memberId = deriveId('mem', 'sample');
const reply = z.strictObject({ items: z.array(z.string()), nextCursor: z.string().nullable() });
type Asked = { context: QueryContext; params: unknown; query: unknown };

let app: ReadApi;
let asked: Asked[];
let answer: () => Promise<z.output<typeof reply>> | z.output<typeof reply>;
let position: bigint;
let waits: { projections: readonly string[]; position: bigint; seconds: number }[];
let verdict: 'seen' | 'timeout';
/** Set: reads wait until it settles. */
let held: Promise<void> | undefined;

const walks = defineQuery({
  name: 'walks-of-activity',
  summary: 'List the walks of an activity',
  tag: 'Walks',
  path: '/v1/activities/:activityId/walks',
  permission: readRoles('member', 'staff'),
  params: z.strictObject({ activityId: idSchema('act') }),
  querystring: z.strictObject({
    cursor: z.string().max(100).optional(),
    limit: z.coerce.number().int().min(1).max(100).default(20),
  }),
  reply,
  example: {
    params: { activityId },
    querystring: { limit: 20 },
    reply: { items: ['a'], nextCursor: null },
  },
  projections: ['activity-walks'],
  run: async (context, { params, query }) => {
    asked.push({ context, params, query });
    return answer();
  },
});
const bells = defineQuery({
  ...walks,
  name: 'bells',
  path: '/v1/bells',
  permission: publicRead,
  params: z.strictObject({}),
  querystring: z.strictObject({}),
  example: { params: {}, querystring: {}, reply: { items: [], nextCursor: null } },
  run: async (context, { params, query }) => {
    asked.push({ context, params, query });
    return answer();
  },
});

const issuer = 'http://write.test';
const tokens = createAccessTokens({
  seed: Buffer.alloc(32, 7),
  issuer,
  audience: 'pawprint',
  minutes: 15,
});
const db = new Kysely({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

beforeEach(async () => {
  asked = [];
  waits = [];
  position = 100n;
  verdict = 'seen';
  held = undefined;
  answer = () => ({ items: ['a', 'b'], nextCursor: null });
  app = await buildReadApi({
    queries: [walks, bells],
    live: [],
    changes: { subscribe: () => () => undefined, news: () => 0 },
    db,
    seen: {
      seenOf: () => position,
      waitFor: async (projections, wanted, { deadline }) => {
        waits.push({
          projections,
          position: wanted,
          seconds: Math.round((deadline - Date.now()) / 1000),
        });
        await held;
        return wanted <= position ? 'seen' : verdict;
      },
    },
    signTicket: ({ ticketId }) => `signed ${ticketId}`,
    waiting: { perClient: 3, inAll: 4 },
    identity: await tokens,
    urls: { write: issuer, read: 'http://read.test' },
    readiness: [],
    log: createLogger({ level: 'silent', name: 'spec' }),
  });
});
afterEach(() => app.close());

const get = async (
  url = `/v1/activities/${activityId}/walks`,
  headers: Record<string, string> = {},
) => {
  const { token } = await (await tokens).issue({
    memberId,
    roles: ['member', 'wizard'],
    sessionId: 's',
  });
  return app.inject({ url, headers: { authorization: `Bearer ${token}`, ...headers } });
};

test('a query runs with who asks, the moment, and what its schemas make of the input', async () => {
  const response = await get(`/v1/activities/${activityId}/walks?limit=5`);
  expect([response.statusCode, response.json()]).toEqual([
    200,
    { items: ['a', 'b'], nextCursor: null },
  ]);
  const [{ context, params, query } = expect.fail('nothing was asked')] = asked;
  expect({ params, query }).toEqual({ params: { activityId }, query: { limit: 5 } });
  expect(context.principal).toEqual({ kind: 'person', id: memberId, roles: ['member'] });
  expect(Date.parse(context.now)).toBeGreaterThan(0);
  expect(context.db).toBe(db);
});

test('every answer says how far it has seen', async () => {
  const token = (await get()).headers['consistency-token'];
  expect(decodeConsistencyToken(String(token))).toBe(100n);
});

test('a token is waited for, three seconds at most, before the query runs', async () => {
  const response = await get(undefined, { 'consistency-token': encodeConsistencyToken(250n) });
  expect(waits).toEqual([{ projections: ['activity-walks'], position: 250n, seconds: 3 }]);
  expect(response.statusCode).toBe(200);
  expect(asked).toHaveLength(1);
});

test('an answer never claims less than what it waited for', async () => {
  const response = await get(undefined, { 'consistency-token': encodeConsistencyToken(250n) });
  expect(decodeConsistencyToken(String(response.headers['consistency-token']))).toBe(250n);
});

test('whoever asks may choose how long to wait', async () => {
  const token = { 'consistency-token': encodeConsistencyToken(250n) };
  const response = await get(undefined, { ...token, prefer: 'wait=60' });
  expect(waits[0]?.seconds).toBe(10);
  expect(response.headers['preference-applied']).toBe('wait=10');
});

test('what does not become visible in time is 503, never an old answer', async () => {
  verdict = 'timeout';
  const response = await get(undefined, {
    'consistency-token': encodeConsistencyToken(250n),
    prefer: 'wait=0',
  });
  expect([response.statusCode, response.json().code]).toEqual([503, 'not-yet-visible']);
  expect(response.headers).toMatchObject({ 'retry-after': '1', 'preference-applied': 'wait=0' });
  expect(asked).toEqual([]);
});

test('tokens far ahead of the log hold few requests, and nobody who need not wait', async () => {
  const hold = Promise.withResolvers<void>();
  held = hold.promise;
  const ahead = (remoteAddress: string) =>
    app.inject({
      url: '/v1/bells',
      remoteAddress,
      headers: { 'consistency-token': encodeConsistencyToken(2n ** 63n) },
    });
  const waiting = [ahead('10.0.0.1'), ahead('10.0.0.1'), ahead('10.0.0.1')];
  await expect.poll(() => waits.length).toBe(3);
  const tooMany = await ahead('10.0.0.1');
  expect([tooMany.statusCode, tooMany.json().code]).toEqual([503, 'not-yet-visible']);
  expect(tooMany.headers['retry-after']).toBe('1');
  waiting.push(ahead('10.0.0.2'));
  await expect.poll(() => waits.length).toBe(4);
  expect((await ahead('10.0.0.3')).statusCode).toBe(503);

  const seenAlready = await get(undefined, { 'consistency-token': encodeConsistencyToken(100n) });
  expect(seenAlready.statusCode).toBe(200);

  hold.resolve();
  expect((await Promise.all(waiting)).map((response) => response.statusCode)).toEqual(
    waiting.map(() => 200),
  );
  expect((await ahead('10.0.0.1')).statusCode).toBe(200);
});

test.each([
  ['garbage', 'abc'],
  ['another version', Buffer.from('{"v":2,"position":"1"}').toString('base64url')],
  ['a negative position', Buffer.from('{"v":1,"position":"-1"}').toString('base64url')],
  [
    'a position beyond 64 bits',
    Buffer.from('{"v":1,"position":"18446744073709551616"}').toString('base64url'),
  ],
  ['another spelling', `${encodeConsistencyToken(1n)}=`],
  ['an empty one', ''],
])('a consistency token that is %s is refused', async (_what, token) => {
  const response = await get(undefined, { 'consistency-token': token });
  expect([response.statusCode, response.json().code]).toEqual([400, 'invalid-consistency-token']);
  expect(asked).toEqual([]);
});

test('a list links its next page with the filters of this one', async () => {
  answer = () => ({ items: ['a'], nextCursor: 'a/b+c' });
  const response = await get(`/v1/activities/${activityId}/walks?limit=5&cursor=old`);
  expect(response.headers['link']).toBe(
    `</v1/activities/${activityId}/walks?limit=5&cursor=a%2Fb%2Bc>; rel="next"`,
  );
  answer = () => ({ items: [], nextCursor: null });
  expect((await get()).headers).not.toHaveProperty('link');
});

test.each([
  ['an unknown parameter', 'sort=name', '#/query/sort'],
  ['a number that is none', 'limit=many', '#/query/limit'],
  ['too many', 'limit=1000', '#/query/limit'],
  ['a parameter sent twice', 'cursor=a&cursor=b', '#/query/cursor'],
  ['__proto__', '__proto__=1', '#/query/__proto__'],
])('%s is refused by its pointer', async (_what, search, pointer) => {
  const response = await get(`/v1/activities/${activityId}/walks?${search}`);
  expect(response.json()).toMatchObject({
    status: 400,
    code: 'invalid-input',
    errors: [{ pointer }],
  });
});

test.each([
  ['what is not there', () => Promise.reject(new NotFoundError('no')), 404, 'not-found'],
  [
    'a database that is down',
    () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })),
    503,
    'unavailable',
  ],
  [
    'a statement that ran too long',
    () => Promise.reject(Object.assign(new Error('x'), { code: '57014' })),
    503,
    'timed-out',
  ],
  [
    'a fault of ours',
    () => Promise.reject(new Error('relation "secret" does not exist')),
    500,
    'internal-error',
  ],
])('%s', async (_what, fail, status, code) => {
  answer = fail;
  const response = await get();
  expect([response.statusCode, response.json().code]).toEqual([status, code]);
  expect(response.body).not.toContain('secret');
});

test('nobody is let in without a token, and everybody where none is needed', async () => {
  expect((await app.inject(`/v1/activities/${activityId}/walks`)).statusCode).toBe(401);
  expect((await app.inject('/v1/bells')).statusCode).toBe(200);
  expect(asked[0]?.context.principal).toEqual({ kind: 'anonymous' });
});

test('a malformed id leads nowhere', async () => {
  expect((await get('/v1/activities/1/walks')).statusCode).toBe(404);
});

test('the reference has no fault and shows the paging', async () => {
  const document = (await app.inject('/openapi.json')).json();
  expect(faultsOf(document)).toEqual([]);
  const { get: operation } = document.paths['/v1/activities/{activityId}/walks'];
  expect(operation.parameters).toContainEqual({ $ref: '#/components/parameters/ConsistencyToken' });
  expect(operation.parameters).toContainEqual(
    expect.objectContaining({ in: 'query', name: 'limit', example: 20 }),
  );
  expect(Object.keys(operation.responses['200'].headers)).toEqual(['Consistency-Token', 'Link']);
});
