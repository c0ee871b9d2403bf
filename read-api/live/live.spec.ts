import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Role } from '../../domain/_kernel/roles.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { createAccessTokens } from '../../platform/identity/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { kyselyOf } from '../../platform/postgres/index.ts';
import { batchOf, databaseAfter } from '../../projections/_fixtures/applied.ts';
import { season } from '../../projections/_fixtures/season.ts';
import { noteRewrite } from '../../projections/_runtime/changes.ts';
import { createChangesHeard } from '../../projections/_runtime/changes-heard.ts';
import { openGroup } from '../../projections/_runtime/group.ts';
import type { GroupSession } from '../../projections/_runtime/member.ts';
import type { ReadDatabase } from '../../projections/_runtime/query.ts';
import { liveQueries, projections } from '../../projections/index.ts';
import { buildReadApi, type ReadApi } from '../index.ts';
import { createReader } from './feed.ts';

const log = createLogger({ level: 'silent', name: 'spec' });
const history = season({ enrollments: 40 });
const START = 12;
const data = (event: DeliveredEvent) => event.data as Readonly<Record<string, unknown>>;
const requested = history.filter(({ type }) => type === 'EnrollmentRequested');
const activityId = String(data(requested[0] ?? expect.fail('nobody enrolled'))['activityId']);
const memberId = String(data(requested[0] ?? expect.fail())['memberId']) as `mem_${string}`;
const seatEvents = history.filter(
  (event) =>
    data(event)['activityId'] === activityId &&
    /^(Activity(Drafted|Published|Cancelled)|Seat(ing)?[A-Z])/.test(event.type),
);
const activityPath = `/v1/activities/${activityId}/live`;
const tokens = createAccessTokens({
  ...{ seed: Buffer.alloc(32, 7), issuer: 'i', audience: 'a', minutes: 15 },
});

let database: Awaited<ReturnType<typeof databaseAfter>>;
let session: GroupSession;
/** Two processes over one database, but for the process. */
const apps: ReadApi[] = [];
const stops: (() => Promise<void>)[] = [];
let told = START;

async function startApp(streams = { perPerson: 2, perAddress: 1000, inAll: 1000 }) {
  const changes = createChangesHeard({ url: database.url, log });
  const app = await buildReadApi({
    queries: [],
    live: liveQueries,
    changes,
    streams,
    heartbeatMs: 300,
    db: kyselyOf(database.pool) as ReadDatabase,
    seen: { waitFor: async () => 'seen', seenOf: () => 0n },
    signTicket: ({ ticketId }) => `signed ${ticketId}`,
    identity: await tokens,
    urls: { write: 'http://write.test', read: 'http://read.test' },
    readiness: [],
    log,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  apps.push(app);
  stops.push(async () => {
    await app.close();
    await changes.stop();
  });
  return app;
}

beforeAll(async () => {
  database = await databaseAfter(history.slice(0, START));
  session = await openGroup({
    url: database.url,
    definitions: projections,
    log,
    stopping: new AbortController().signal,
    readEvents: async () => [],
  });
  await startApp();
  await startApp();
});
const clients = new Set<ClientRequest>();
afterEach(() => {
  for (const client of clients) client.destroy();
  clients.clear();
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await session.close();
  await database.drop();
});

/** Applies events up to an ordinal, in batches of a size. */
async function tell(upTo: number, size = 3): Promise<void> {
  for (; told < upTo; told = Math.min(told + size, upTo)) {
    await session.apply(batchOf(history.slice(told, Math.min(told + size, upTo)), true));
  }
}

type Message = { id: number | null; event: string; data: { items: Record<string, unknown>[] } };
type Following = {
  readonly status: number;
  readonly response: IncomingMessage;
  readonly messages: Message[];
  readonly ids: () => number[];
  readonly text: () => string;
  cut(): void;
};

async function follow(
  app: ReadApi | undefined,
  path: string,
  options: { after?: number | string; token?: string } = {},
): Promise<Following> {
  const { port } = (app ?? expect.fail('no such app')).server.address() as AddressInfo;
  const { after, token } = options;
  const client = request({
    ...{ host: '127.0.0.1', port, path },
    headers: {
      ...(after === undefined ? {} : { 'last-event-id': String(after) }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  clients.add(client);
  client.on('error', () => undefined);
  client.end();
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  const messages: Message[] = [];
  let text = '';
  let rest = '';
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const parts = (rest + chunk.toString()).split('\n\n');
    rest = parts.pop() ?? '';
    messages.push(...parts.flatMap(parse));
  });
  return {
    ...{ status: response.statusCode ?? 0, response, messages, text: () => text },
    ids: () => messages.flatMap(({ id }) => (id === null ? [] : [id])),
    cut: () => void client.destroy(),
  };
}

function parse(part: string): Message[] {
  const fields = new Map(
    part.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
  );
  const event = fields.get('event');
  if (event === undefined) return [];
  const id = fields.get('id');
  return [
    { id: id === undefined ? null : Number(id), event, data: JSON.parse(fields.get('data') ?? '') },
  ];
}

const tokenOf = async (id: `mem_${string}`, ...roles: Role[]) =>
  (await (await tokens).issue({ memberId: id, roles: ['member', ...roles], sessionId: 's' })).token;
const patient = { timeout: 10_000 };

test('changes are told once and in order, across a cut, another process and a lost listener', async () => {
  const first = await follow(apps[0], activityPath);
  await expect.poll(() => first.messages.length, patient).toBe(1);
  expect(first.messages[0]).toMatchObject({ id: START, event: 'snapshot' });
  const writing = tell(200, 1);
  await expect.poll(() => first.messages.length, patient).toBeGreaterThan(4);
  first.cut();
  const seen = first.ids();
  const second = await follow(apps[1], activityPath, { after: seen.at(-1) ?? 0 });
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like '%listen projection_changes%'`,
  );
  await writing;
  const last = seatEvents.filter(({ ordinal }) => ordinal <= 200).at(-1)?.ordinal;
  await expect.poll(() => second.ids().at(-1), patient).toBe(last);
  const all = [...seen, ...second.ids()];
  expect(all).toEqual([...new Set(all)].toSorted((a, b) => a - b));
  const known = new Set(seatEvents.map(({ ordinal }) => ordinal));
  expect(all.slice(1).filter((id) => !known.has(id))).toEqual([]);
  expect(second.messages.map(({ event }) => event)).not.toContain('snapshot');
});

test('a roster resumed at any ordinal gets each entry changed since, once', async () => {
  await tell(200);
  const token = await tokenOf('mem_00000000000000000000000001', 'staff');
  const path = `/v1/activities/${activityId}/roster/live`;
  const whole = await follow(apps[0], path, { token });
  await expect.poll(() => whole.messages.length, patient).toBe(1);
  const rows = await database.pool.query<{ enrollment_id: string; changed_ordinal: number }>(
    'select enrollment_id, changed_ordinal from read.activity_roster where activity_id = $1 and ordinal is not null order by changed_ordinal',
    [activityId],
  );
  const ids = (message: Message | undefined) =>
    message?.data.items.map((item) => item['enrollmentId']);
  expect(ids(whole.messages[0])).toEqual(rows.rows.map((row) => row.enrollment_id));
  whole.cut();
  const middle = rows.rows[Math.floor(rows.rows.length / 2)]?.changed_ordinal ?? 0;
  const resumed = await follow(apps[1], path, { token, after: middle });
  await expect.poll(() => resumed.messages.length, patient).toBe(1);
  const later = rows.rows.filter((row) => row.changed_ordinal > middle);
  expect(later.length).toBeGreaterThan(0);
  expect(resumed.messages[0]?.event).toBe('change');
  expect(ids(resumed.messages[0])).toEqual(later.map((row) => row.enrollment_id));
  // A moment before the last one: that one is still to come.
  const last = rows.rows.at(-1) ?? expect.fail('the roster is empty');
  const behind = await follow(apps[1], path, { token, after: last.changed_ordinal - 1 });
  await expect.poll(() => behind.messages.length, patient).toBe(1);
  expect(behind.messages[0]?.event).toBe('change');
  expect(ids(behind.messages[0])).toContain(last.enrollment_id);
});

test("nobody is told of somebody else's enrollments", async () => {
  await tell(200);
  const token = await tokenOf(memberId);
  const mine = await follow(apps[0], '/v1/me/enrollments/live', { token });
  await tell(260);
  await expect.poll(() => mine.messages.length, patient).toBeGreaterThan(0);
  await expect.poll(() => mine.text(), patient).toContain('still here');
  const owners = mine.messages.flatMap(({ data: { items } }) =>
    items.map((item) => item['memberId']),
  );
  expect(new Set(owners)).toEqual(new Set([memberId]));
});

test('those who ask at the same moment share an answer, but only with their like', async () => {
  const mine = liveQueries.find(({ path }) => path === '/v1/me/enrollments/live');
  if (mine === undefined) throw new Error('nobody can follow their enrollments');
  const reader = createReader();
  const db = kyselyOf(database.pool) as ReadDatabase;
  const of = (id: string) => {
    const principal = { kind: 'person', id, roles: ['member'] } as const;
    const now = new Date().toISOString();
    const context = { db, principal, now, signTicket: () => '' };
    const at = { position: { ordinal: null, rewrites: null }, news: 0 };
    return reader.read(mine, context as Parameters<typeof reader.read>[1], {}, at);
  };
  const [own, again, other] = [of(memberId), of(memberId), of('mem_00000000000000000000000009')];
  expect(again).toBe(own);
  expect(String((await own).frame)).toContain(memberId);
  expect(String((await other).frame)).not.toContain(memberId);
});

test('each change that is read by itself is told: none is skipped', async () => {
  await tell(260);
  const open = await follow(apps[0], activityPath);
  await expect.poll(() => open.messages.length, patient).toBe(1);
  const next = seatEvents.filter(({ ordinal }) => ordinal > 260).slice(0, 6);
  expect(next.length).toBe(6);
  for (const { ordinal } of next) {
    await tell(ordinal);
    await expect.poll(() => open.ids().at(-1), { ...patient, interval: 10 }).toBe(ordinal);
  }
  expect(open.ids().slice(1)).toEqual(next.map(({ ordinal }) => ordinal));
});

test('who may not ask is refused as the query refuses', async () => {
  const none = 'act_00000000000000000000000000';
  const statuses = await Promise.all([
    follow(apps[0], '/v1/me/enrollments/live'),
    follow(apps[0], `/v1/activities/${activityId}/roster/live`, { token: await tokenOf(memberId) }),
    follow(apps[0], `/v1/activities/${none}/live`),
    follow(apps[0], `/v1/activities/${none}/live`, { after: 5 }),
  ]);
  expect(statuses.map(({ status }) => status)).toEqual([401, 403, 404, 404]);
});

test('rows that changed otherwise than by an event are told anew, to who follows and who resumes', async () => {
  const open = await follow(apps[0], activityPath);
  await expect.poll(() => open.messages.length, patient).toBe(1);
  const at = open.ids().at(-1) ?? 0;
  await noteRewrite(database.pool, { name: 'activity-catalogue', version: 3 });
  await expect
    .poll(() => open.messages.map(({ event }) => event), patient)
    .toEqual(['snapshot', 'snapshot']);
  const resumed = await follow(apps[1], activityPath, { after: at });
  await expect.poll(() => resumed.messages[0]?.event, patient).toBe('snapshot');
});

test('a reader that does not read gets the last state only, when it reads again', async () => {
  const slow = await follow(apps[0], activityPath);
  await expect.poll(() => slow.messages.length, patient).toBe(1);
  // Somebody else reads: each state is there to be read before the next is made.
  const quick = await follow(apps[0], activityPath);
  await expect.poll(() => quick.messages.length, patient).toBe(1);
  slow.response.pause();
  slow.response.socket.pause();
  const before = slow.messages.length;
  // Much more than kernel buffers would take if each change were kept.
  const size = 3_000_000;
  await database.pool.query(
    'update read.activity_catalogue_v3 set description = $1 where activity_id = $2',
    ['x'.repeat(size), activityId],
  );
  for (let i = 1; i <= 20; i += 1) {
    await database.pool.query('update projection.checkpoints set ordinal = ordinal + 1');
    await database.pool.query(
      'update read.activity_catalogue_v3 set changed_ordinal = (select min(ordinal) from projection.checkpoints) where activity_id = $1',
      [activityId],
    );
    await database.pool.query('select pg_notify($1, $2)', [
      'projection_changes',
      JSON.stringify({ topics: [`activity:${activityId}`] }),
    ]);
    await expect.poll(() => quick.messages.length, { ...patient, interval: 5 }).toBe(1 + i);
  }
  quick.cut();
  const { rows } = await database.pool.query<{ at: number }>(
    'select changed_ordinal as at from read.activity_catalogue where activity_id = $1',
    [activityId],
  );
  slow.response.socket.resume();
  slow.response.resume();
  await expect.poll(() => slow.ids().at(-1), patient).toBe(rows[0]?.at);
  expect(slow.messages.length - before).toBeLessThan(12);
});

test('a stream ends with its token, and says so', async () => {
  const issuer = await createAccessTokens({
    ...{ seed: Buffer.alloc(32, 7), issuer: 'i', audience: 'a', minutes: 15 },
    clock: () => new Date(Date.now() - 15 * 60_000 + 1500),
  });
  const { token } = await issuer.issue({ memberId, roles: ['member'], sessionId: 's' });
  const mine = await follow(apps[0], '/v1/me/enrollments/live', { token });
  const ended = once(mine.response, 'end');
  await expect
    .poll(() => mine.messages.at(-1), patient)
    .toMatchObject({ id: null, event: 'end', data: { code: 'token-expired' } });
  await ended;
});

test('a person has so many streams, and a process; a closed one makes room', async () => {
  const token = await tokenOf('mem_00000000000000000000000009');
  const path = '/v1/me/enrollments/live';
  const [one] = [await follow(apps[0], path, { token }), await follow(apps[0], path, { token })];
  const refused = await follow(apps[0], path, { token });
  expect([refused.status, refused.response.headers['retry-after']]).toEqual([429, '10']);
  one?.cut();
  await expect.poll(async () => (await follow(apps[0], path, { token })).status, patient).toBe(200);
  const small = await startApp({ perPerson: 1, perAddress: 1, inAll: 0 });
  expect((await follow(small, activityPath)).status).toBe(503);
});

test('closing ends streams with a word', async () => {
  const app = await startApp();
  const open = await follow(app, activityPath);
  await expect.poll(() => open.messages.length, patient).toBe(1);
  await app.close();
  expect(open.messages.at(-1)).toMatchObject({ event: 'end', data: { code: 'shutting-down' } });
});

test('an id that is none is refused', async () => {
  // Followed, not injected: one that is taken never ends.
  for (const after of ['x', '-1', '1.5', '9'.repeat(16)]) {
    const refused = await follow(apps[0], activityPath, { after });
    expect([after, refused.status]).toEqual([after, 400]);
    await expect.poll(refused.text, patient).toContain('#/header/last-event-id');
  }
  const unknown = await apps[0]?.inject(`${activityPath}?status=held`);
  expect([unknown?.statusCode, unknown?.json().errors[0].pointer]).toEqual([400, '#/query/status']);
});
