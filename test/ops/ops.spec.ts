import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { helpOf } from '../../bin/ops/_cli/help.ts';
import { parseWish } from '../../bin/ops/_cli/parse.ts';
import { isGroup } from '../../bin/ops/_cli/verb.ts';
import { entries, ops as program } from '../../bin/ops/index.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { until } from '../../embedded/demo/client/wait.ts';
import { createPool } from '../../platform/postgres/index.ts';
import { dumpProjection } from '../../projections/_runtime/index.ts';
import { projections } from '../../projections/index.ts';
import { createDriver, type Driver, type Person } from '../acceptance/driver.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { ops, type Said } from './cli.ts';

type Season = { staff: Person; member: Person; activityId: string; enrollmentId: string };

let platform: TestPlatform;
let season: Season;
let driver: Driver;
const folder = mkdtempSync(join(tmpdir(), 'pawprint-ops-spec-files-'));
const empty = mkdtempSync(join(tmpdir(), 'pawprint-ops-spec-'));

beforeAll(async () => {
  platform = await startPlatform({ env: { STRIPE_STATEMENT_POLL_SECONDS: '1' } });
  driver = createDriver(platform);
  const [staff, member] = await Promise.all([
    driver.official('staff'),
    driver.register('Zoë Havel'),
  ]);
  const { id: activityId } = await driver.openActivity(staff);
  const { id: enrollmentId } = await driver.seat(member, activityId);
  season = { staff, member, activityId, enrollmentId };
});
afterAll(async () => {
  driver?.close();
  await platform?.stop();
  for (const each of [empty, folder]) removeFolder(each);
});

const run = (...args: string[]): Promise<Said> => ops(args, { data: platform.dataDir });
const json = (said: Said): unknown => JSON.parse(said.out);

const parts = z.object({
  healthy: z.boolean(),
  parts: z.array(z.object({ part: z.string(), status: z.string(), detail: z.string() })),
});
const partOf = (said: Said, name: string) =>
  parts.parse(json(said)).parts.find(({ part }) => part === name);

test('health looks at every part, for people and for scripts', async () => {
  const said = await run('health', '--json');
  expect(said).toMatchObject({ code: 0, err: '' });
  const { healthy, parts: found } = parts.parse(json(said));
  expect(healthy).toBe(true);
  expect(Object.fromEntries(found.map(({ part, status }) => [part, status]))).toEqual({
    ...{ 'event store': 'well', Postgres: 'well', 'keys database': 'well', Stripe: 'well' },
    ...{ 'write API': 'well', 'read API': 'well', projections: 'well', sagas: 'well' },
    ...{ 'NATS relay': 'off', mail: 'well' },
  });
  const table = await run('health');
  expect(table.code).toBe(0);
  expect(table.out).toMatch(/^write API +well +\d+ +http:\/\/127/m);
  // Not a terminal: no colours.
  expect(table.out).not.toContain('\u001B');
});

test('what is wrong is named, within the time it may take', async () => {
  const env = { SMTP_URL: 'smtp://127.0.0.1:9', STRIPE_SECRET_KEY: 'sk_test_of_somebody_else' };
  const said = await ops(['health', '--json'], { data: platform.dataDir, env });
  expect(said.code).toBe(1);
  expect(partOf(said, 'mail')).toMatchObject({
    status: 'wrong',
    detail: expect.stringContaining('ECONNREFUSED'),
  });
  expect(partOf(said, 'Stripe')).toMatchObject({ status: 'wrong' });
  expect(partOf(said, 'event store')).toMatchObject({ status: 'well' });
});

const status = z.array(
  z.object({
    projection: z.string(),
    version: z.int(),
    state: z.string(),
    handled: z.int(),
    lag: z.object({ events: z.int(), seconds: z.number() }),
    parked: z.object({ keys: z.int(), events: z.int(), oldest: z.string().nullable() }),
    trouble: z.string().nullable(),
  }),
);

test('projections status shows each as it stands', async () => {
  const said = await until(
    'projections are live',
    () => run('projections', 'status', '--json'),
    ({ out }) => status.parse(JSON.parse(out)).every(({ state }) => state === 'live'),
  );
  expect(said.code).toBe(0);
  const found = status.parse(json(said));
  expect(found.map(({ projection }) => projection)).toEqual(
    projections.map(({ name }) => name).sort(),
  );
  for (const one of found) {
    expect(one).toMatchObject({ lag: { events: 0 }, parked: { keys: 0 }, trouble: null });
    expect(one.handled).toBeGreaterThan(0);
  }
  const table = await run('projections', 'status');
  expect(table.code).toBe(0);
  expect(table.out).toMatch(/^enrollments +\d+ +yes +live +at-head/m);
});

test('a read model is built again while the platform runs, and is what it was', async () => {
  const articles = await run('projections', 'rebuild', 'enrollments', '--yes', '--json');
  expect(articles.code).toBe(0);
  expect(json(articles)).toMatchObject({
    ...{ projection: 'enrollments', changed: 0, removed: 0, trouble: null },
  });
  const pool = createPool({ url: platform.databaseUrl, name: 'spec' });
  onTestFinished(() => pool.end());
  const definition = projections.find(({ name }) => name === 'activity-catalogue');
  if (definition === undefined) throw new Error('no catalogue');
  const before = await dumpProjection(pool, definition);
  await pool.query("update read.activity_catalogue set title = 'Damaged'");
  const said = await run('projections', 'rebuild', 'activity-catalogue', '--yes');
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toMatch(/^activity-catalogue: built again, \d+ rows put right and 0 removed\n$/);
  expect(await dumpProjection(pool, definition)).toEqual(before);

  const unsure = await run('projections', 'rebuild', 'enrollments');
  expect(unsure).toMatchObject({ code: 2, out: '' });
  expect(unsure.err).toContain('say --yes');
  const unknown = await run('projections', 'rebuild', 'enrolments', '--yes');
  expect(unknown.code).toBe(2);
  expect(unknown.err).toContain('expected one of activity-catalogue');
});

const parkedKeys = z.array(
  z.object({ projection: z.string(), key: z.string(), cause: z.string(), attempts: z.int() }),
);

test('what could not be applied is shown with its cause, and applied when that is mended', async () => {
  const nothing = await run('projections', 'parked');
  expect(nothing).toMatchObject({ code: 0, out: 'Nothing is parked.\n' });
  const pool = createPool({ url: platform.databaseUrl, name: 'spec' });
  onTestFinished(() => pool.end());
  // What queries read is a view of the live version's table.
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.view_table_usage
     where (view_schema, view_name) = ('read', 'activity_catalogue')`,
  );
  const table = rows[0]?.name ?? '';
  await pool.query(`alter table ${table} add constraint spec check (title <> 'Unfit')`);
  const { id: unfit } = await driver.openActivity(season.staff, { title: 'Unfit', price: 0 });
  const parked = await until(
    'it is parked',
    () => run('projections', 'parked', '--json'),
    ({ code }) => code === 1,
  );
  const [first, ...others] = parkedKeys.parse(json(parked));
  expect([first, others]).toEqual([
    { projection: 'activity-catalogue', key: unfit, cause: expect.any(String), attempts: 1 },
    [],
  ]);
  expect(first?.cause).toContain('23514');

  const inVain = await run('projections', 'unpark', 'activity-catalogue', unfit, '--json');
  expect(inVain.code).toBe(1);
  expect(json(inVain)).toMatchObject({ applied: 0, parked: [{ key: unfit, attempts: 2 }] });
  await pool.query(`alter table ${table} drop constraint spec`);
  const mended = await run('projections', 'unpark', '--all');
  expect(mended).toMatchObject({ code: 0 });
  expect(mended.out).toMatch(/^\d+ events were applied\.\nNothing is parked\.\n$/);
  expect(await driver.activity(unfit)).toMatchObject({ title: 'Unfit' });

  const neither = await run('projections', 'unpark', 'activity-catalogue');
  expect(neither).toMatchObject({ code: 2, out: '' });
  expect(neither.err).toContain('name a projection and a key, or say --all');
});

test('a token of the administrator opens the APIs; a password never stands on the command line', async () => {
  const plain = await run('token');
  expect(plain).toMatchObject({ code: 0, err: '' });
  const asked = await driver.read('/v1/finance/breaks', { token: plain.out.trim() });
  expect(asked.status).toBe(200);

  const { member } = season;
  const said = await ops(['token', '--email', member.email, '--password-stdin', '--json'], {
    data: platform.dataDir,
    input: `${member.password}\n`,
  });
  expect(json(said)).toMatchObject({ memberId: member.id, roles: ['member'], tokenType: 'Bearer' });

  const env = { PAWPRINT_PASSWORD: 'not-the-password' };
  const wrong = await ops(['token', '--email', member.email], { data: platform.dataDir, env });
  expect(wrong).toMatchObject({ code: 1, out: '' });
  expect(wrong.err).toContain(`Not logged in as ${member.email}`);

  const none = await ops(['token', '--email', member.email], { data: platform.dataDir });
  expect(none.code).toBe(2);
  expect(none.err).toContain('PAWPRINT_PASSWORD');
});

const listed = z.array(
  z.object({ saga: z.string(), instance: z.string(), status: z.string(), timers: z.int() }),
);

test('sagas are listed by what they wait for, and each is told from its beginning', async () => {
  const { enrollmentId, activityId } = season;
  const all = listed.parse(json(await run('sagas', 'list', '--json')));
  expect(all.map(({ saga }) => saga)).toContain('send-confirmation');
  const held = await run('sagas', 'list', '--saga', 'hold-seat-until-paid', '--json');
  const mine = listed
    .parse(json(held))
    .find(({ instance }) => instance === activityId || instance === enrollmentId);
  if (mine === undefined) throw new Error(held.out);
  const table = await run('sagas', 'list');
  expect(table).toMatchObject({ code: 0 });
  expect(table.out).toContain(mine.instance);
  const stuck = await run('sagas', 'list', '--stuck', '--json');
  expect(stuck).toMatchObject({ code: 0 });
  expect(json(stuck)).toEqual([]);

  const shown = await run('sagas', 'show', mine.saga, mine.instance, '--json');
  expect(shown.code).toBe(0);
  expect(json(shown)).toMatchObject({
    ...{ saga: mine.saga, instance: mine.instance },
    parked: [],
  });
  const { timeline } = z
    .object({ timeline: z.array(z.object({ at: z.iso.datetime(), what: z.string() })) })
    .parse(json(shown));
  expect(timeline.map(({ what }) => what).join('\n')).toMatch(
    /wanted the command .*attempt 1: done/s,
  );
  expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).sort());
  expect((await run('sagas', 'show', mine.saga, mine.instance)).out).toContain('State:');

  const none = await run('sagas', 'show', 'send-confirmation', 'enr_of_nobody');
  expect(none).toMatchObject({ code: 1, out: '' });
  const wrong = await run('sagas', 'list', '--saga', 'hold-seat');
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.err).toContain('expected one of hold-seat-until-paid');
});

const event = z.object({
  position: z.string(),
  stream: z.string(),
  revision: z.int(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  trouble: z.null(),
});
const ndjson = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => event.parse(JSON.parse(line)));

test('what a saga gave up on and parked is listed, replayed by the sagas, and called off', async () => {
  const instance = season.enrollmentId;
  const saga = 'send-confirmation';
  const stream = z
    .array(z.object({ id: z.string(), type: z.string(), revision: z.int() }))
    .parse(json(await run('events', 'stream', `enrollment-${instance}`, '--json')));
  const confirmed = stream.find(({ type }) => type === 'EnrollmentConfirmed');
  if (confirmed === undefined) throw new Error('the enrollment is not confirmed');
  const pool = createPool({ url: platform.databaseUrl, name: 'spec' });
  onTestFinished(() => pool.end());
  const of = [saga, instance];
  const given = await pool.query<{ id: string }>(
    `update saga.outbox set status = 'dead', last_error = 'a fault', done_at = now()
      where saga = $1 and instance = $2 and kind = 'command' and status = 'done' returning id`,
    of,
  );
  const input = { ...confirmed, kind: 'event', stream: `enrollment-${instance}`, ordinal: 1 };
  await pool.query(
    "insert into saga.parked (saga, instance, input, cause) values ($1, $2, $3, 'a bug')",
    [...of, input],
  );
  const dead = await run('sagas', 'dead');
  expect(dead.code).toBe(1);
  expect(dead.out).toMatch(/parked-\d+: a bug/);
  expect(dead.out).toContain(`${given.rows[0]?.id}: a fault`);
  const stuck = await run('sagas', 'list', '--stuck', '--json');
  expect(stuck.code).toBe(1);
  expect(json(stuck)).toMatchObject([{ saga, instance, stuckSince: expect.any(String) }]);

  const replayed = await run('sagas', 'dead', '--all', '--json');
  expect(replayed).toMatchObject({ code: 0 });
  expect(json(replayed)).toEqual({ rows: given.rowCount, inputs: 1, left: [] });
  await until(
    'the rows were done once more',
    () => run('sagas', 'list', '--saga', saga, '--json'),
    (said) => listed.parse(json(said)).every(({ status: one }) => one === 'settled'),
  );
  expect(await run('sagas', 'dead')).toMatchObject({ code: 0, out: 'Nothing was given up on.\n' });
  expect((await run('sagas', 'poke', saga, instance)).out).toBe(
    '0 rows tried now, 0 parked inputs taken.\n',
  );

  const unasked = await run('sagas', 'cancel', saga, instance);
  expect(unasked).toMatchObject({ code: 2, out: '' });
  expect(unasked.err).toContain('say --yes');
  expect(json(await run('sagas', 'cancel', saga, instance, '--yes', '--json'))).toEqual({
    ...{ saga, instance, rows: 0, running: 0, timers: 0, inputs: 0 },
  });
  const shown = await run('sagas', 'show', saga, instance);
  expect(shown.out).toMatch(/asked to replay it.*asked to poke it.*asked to cancel it/s);
  expect(shown.out).not.toContain('called off');
  for (const args of [
    ['poke', saga, 'enr_of_nobody'],
    ['dead', '--replay', 'parked-9999'],
    ['dead', '--replay', 'parked-1', '--all'],
  ]) {
    expect(await run('sagas', ...args)).toMatchObject({ code: 2, out: '' });
  }
});

test('a stream is read out of the log, and nobody is named', async () => {
  const { enrollmentId, member } = season;
  const said = await run('events', 'stream', `enrollment-${enrollmentId}`, '--json');
  expect(said.code).toBe(0);
  const events = z.array(event).parse(json(said));
  expect(events.map(({ type }) => type).slice(0, 2)).toEqual([
    'EnrollmentRequested',
    'PaymentAttemptOpened',
  ]);
  expect(events.map(({ revision }) => revision)).toEqual(events.map((_each, index) => index));

  const person = await run('events', 'stream', `member-${member.id}`);
  expect(person.code).toBe(0);
  expect(person.out).toContain('[personal]');
  expect(person.out).not.toContain(member.name);
  expect(person.out).not.toContain(member.email);

  const part = await run(
    'events',
    'stream',
    `enrollment-${enrollmentId}`,
    '--from',
    '1',
    '--max',
    '1',
    '--json',
  );
  expect(z.array(event).parse(json(part))).toEqual(events.slice(1, 2));
  expect(await run('events', 'stream', 'enrollment-nobody')).toMatchObject({ code: 1, out: '' });
});

test('one event is shown with what caused it and what it caused, and nobody is named', async () => {
  const { enrollmentId, member } = season;
  const requested = `enrollment-${enrollmentId}@0`;
  const link = z.object({ id: z.uuid(), ordinal: z.int(), type: z.string() });
  const shape = z.object({
    ...{ ordinal: z.int(), id: z.uuid(), type: z.string(), began: z.string() },
    ...{ metadata: z.object({ $correlationId: z.string() }), more: z.literal(false) },
    ...{ causes: z.array(link), effects: z.array(link.extend({ depth: z.int() })) },
  });
  const said = await run('events', 'show', requested, '--json');
  expect(said.code).toBe(0);
  const first = shape.parse(json(said));
  expect(first).toMatchObject({ type: 'EnrollmentRequested', causes: [] });
  expect(first.began).toMatch(/^command /);
  const stream = await run('events', 'stream', `enrollment-${enrollmentId}`, '--json');
  const confirmed = z
    .array(z.object({ id: z.string(), type: z.string() }))
    .parse(json(stream))
    .find(({ type }) => type === 'EnrollmentConfirmed');
  const later = shape.parse(json(await run('events', 'show', confirmed?.id ?? '', '--json')));
  const [cause] = later.causes;
  const before = shape.parse(json(await run('events', 'show', `${cause?.ordinal}`, '--json')));
  expect(before.id).toBe(cause?.id);
  expect(before.effects).toContainEqual(
    expect.objectContaining({ id: confirmed?.id, depth: 1, ordinal: later.ordinal }),
  );
  const person = await run('events', 'show', `member-${member.id}@0`);
  expect(person.code).toBe(0);
  expect(person.out).toContain(`encrypted, opens with the key of ${member.id}`);
  expect(person.out).toMatch(/Caused by:\n {2}command /);
  expect(person.out).not.toContain(member.name);
  expect(person.out).not.toContain(member.email);
  expect(await run('events', 'show', '999999999')).toMatchObject({ code: 1, out: '' });
  expect(await run('events', 'show', 'member-nobody@0')).toMatchObject({ code: 1, out: '' });
  const wrong = await run('events', 'show', 'member-nobody');
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.err).toContain('STREAM@REVISION');
});

test('a row of a read model is told from the events that made it', async () => {
  const { enrollmentId, member } = season;
  const said = await run('explain', 'enrollments', enrollmentId, '--json');
  expect(said.code).toBe(0);
  const cause = z.object({
    ...{ ordinal: z.int(), type: z.string(), stream: z.string(), fault: z.null() },
    touched: z.array(z.object({ what: z.string(), columns: z.array(z.string()) })),
  });
  const [first, ...rest] = z.array(cause).parse(json(said));
  expect(first).toMatchObject({ type: 'EnrollmentRequested', touched: [{ what: 'made' }] });
  expect(rest.map(({ type }) => type)).toContain('EnrollmentConfirmed');
  const table = await run('explain', 'activity-roster', enrollmentId);
  expect(table.code).toBe(0);
  expect(table.out).toMatch(/changed: .*status/);
  expect(table.out).not.toContain(member.name);
  expect(await run('explain', 'enrollments', 'enr_nobody')).toMatchObject({ code: 1, out: '' });
  expect(await run('explain', 'enrolments', enrollmentId)).toMatchObject({ code: 2, out: '' });
});

test('tail gives what is there, filtered, and follows what comes, one object a line', async () => {
  const { enrollmentId } = season;
  const past = await run(
    'events',
    'tail',
    '--from',
    'start',
    '--until-head',
    '--stream',
    'enrollment-',
    '--json',
  );
  expect(past.code).toBe(0);
  const events = ndjson(past.out);
  expect(events.every(({ stream }) => stream.startsWith('enrollment-'))).toBe(true);
  expect(events.some(({ stream }) => stream.endsWith(enrollmentId))).toBe(true);

  const positions = events.map(({ position }) => BigInt(position));
  expect(positions).toEqual(positions.toSorted((a, b) => Number(a - b)));
  const [first] = events;
  const rest = [
    '--from',
    first?.position ?? '',
    '--until-head',
    '--stream',
    'enrollment-',
    '--json',
  ];
  expect(ndjson((await run('events', 'tail', ...rest)).out)).toEqual(events.slice(1));
  const typed = await run(
    'events',
    'tail',
    '--from',
    'start',
    '--until-head',
    '--type',
    'ActivityPublished,MemberRegistered',
    '--json',
  );
  expect(new Set(ndjson(typed.out).map(({ type }) => type))).toEqual(
    new Set(['ActivityPublished', 'MemberRegistered']),
  );

  // From the end: it ends by itself with the first event that comes.
  const coming = run('events', 'tail', '--max', '1', '--type', 'ActivityDrafted', '--json');
  let over = false;
  void coming.then(() => {
    over = true;
  });
  await until(
    'an event that came was printed',
    async () => driver.openActivity(season.staff, { title: 'Late', price: 0 }).then(() => over),
    (value) => value,
  );
  expect(ndjson((await coming).out)).toMatchObject([{ type: 'ActivityDrafted' }]);
  const wrong = await run('events', 'tail', '--from', 'yesterday');
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.err).toContain('--from: expected start, end or a position');
});

test('files of finance are written whole, and a damaged one is told from a whole one', async () => {
  const { activityId } = season;
  const path = join(folder, 'settlement.csv');
  const wrote = await run(
    'finance',
    'export',
    'settlement',
    '--activity',
    activityId,
    '--out',
    path,
    '--json',
  );
  expect(wrote.code).toBe(0);
  expect(json(wrote)).toMatchObject({ file: path, kind: 'settlement' });
  expect(readdirSync(folder)).toEqual(['settlement.csv']);
  expect(await run('finance', 'verify', path)).toMatchObject({ code: 0 });
  const whole = await ops(['finance', 'verify', path, '--json']);
  expect(json(whole)).toMatchObject({ ok: true, kind: 'pawprint-activity-settlement', lines: 2 });

  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.slice(0, -40));
  const cut = await run('finance', 'verify', path);
  expect(cut.code).toBe(1);
  expect(cut.out).toMatch(/settlement\.csv:\d+: the end is missing: the file was cut off/);
  expect(json(await run('finance', 'verify', path, '--json'))).toMatchObject({ ok: false });
  writeFileSync(path, text.replace('25.00', '24.00'));
  const changed = await run('finance', 'verify', path);
  expect(changed).toMatchObject({ code: 1 });
  expect(changed.out).toContain('this row was changed');

  const journal = await run('finance', 'export', 'journal');
  expect(journal.code).toBe(0);
  writeFileSync(path, journal.out);
  expect(await run('finance', 'verify', path)).toMatchObject({ code: 0 });
  expect((await run('finance', 'export', 'participation')).out).toContain('pawprint-participation');
});

test('an export that cannot be made says why and leaves no file', async () => {
  const out = join(empty, 'none.csv');
  const nobody = deriveId('act', 'nobody');
  const none = await run('finance', 'export', 'settlement', '--activity', nobody, '--out', out);
  expect(none).toMatchObject({ code: 1, out: '', err: 'There is no such activity.\n' });
  const later = await run('finance', 'export', 'journal', '--to', '1000000', '--out', out);
  expect(later).toMatchObject({ code: 1, out: '' });
  expect(later.err).toContain('not at 1000000 yet');
  for (const [args, message] of [
    [['settlement'], '--activity is missing'],
    [['journal', '--activity', nobody], '--activity says nothing to journal'],
    [['takings'], 'expected one of settlement, journal, participation'],
    [['journal', '--out', join(empty, 'nowhere', 'x.csv')], 'there is no folder'],
    [['journal', '--json'], '--json tells about a file'],
  ] as const) {
    const said = await run('finance', 'export', ...args);
    expect(said).toMatchObject({ code: 2, out: '' });
    expect(said.err).toContain(message);
  }
  expect(readdirSync(empty)).toEqual([]);
});

const takings = z.object({
  agrees: z.boolean(),
  activities: z.array(z.object({ activityId: z.string(), takings: z.int(), fees: z.int() })),
  breaks: z.array(z.object({ kind: z.string(), paymentId: z.string().nullable() })),
  differences: z.array(z.object({ amount: z.int(), currency: z.string() })),
});

test('takings agree to the cent; one cent moved at Stripe is named with its payment', async () => {
  const { activityId } = season;
  const said = await run('finance', 'verify', '--all', '--wait', '20', '--json');
  expect(said.code).toBe(0);
  const check = takings.parse(json(said));
  expect(check).toMatchObject({
    agrees: true,
    breaks: [],
    differences: [{ amount: 0, currency: 'EUR' }],
  });
  expect(check.activities).toContainEqual(expect.objectContaining({ activityId, takings: 2500 }));
  const table = await run('finance', 'verify', '--activity', activityId);
  expect(table).toMatchObject({ code: 0 });
  expect(table.out.trimEnd().split('\n').at(-1)).toBe('difference 0.00 EUR');
  expect(await run('finance', 'verify')).toMatchObject({ code: 2 });

  await refundOneCentBehindOurBack();
  const later = await until(
    'the statement with the refund was read',
    () => run('finance', 'verify', '--all', '--json'),
    ({ code }) => code === 1,
    20_000,
  );
  const { breaks, differences } = takings.parse(json(later));
  expect(differences).toEqual([{ amount: 1, currency: 'EUR' }]);
  expect(breaks).toMatchObject([{ kind: 'payment', paymentId: expect.stringMatching(/^pay_/) }]);
  const broken = await run('finance', 'verify', '--activity', activityId);
  expect(broken.code).toBe(1);
  expect(broken.out).toContain(`break: payment ${breaks[0]?.paymentId} of ${activityId}: 0.01 EUR`);
  expect(broken.out.trimEnd().split('\n').at(-1)).toBe('difference 0.01 EUR');
});

/** Somebody pays a cent back in Stripe's dashboard: it is on the statement, and in no event of ours. */
async function refundOneCentBehindOurBack(): Promise<void> {
  const intents = await driver.stripe.intentsByEnrollment();
  const [paid] = intents.get(season.enrollmentId) ?? [];
  const text = readFileSync(join(platform.dataDir, 'secrets.json'), 'utf8');
  const { STRIPE_SECRET_KEY: key } = z
    .object({ STRIPE_SECRET_KEY: z.string() })
    .parse(JSON.parse(text));
  const answer = await driver.http.send({
    method: 'POST',
    url: `${platform.stripeUrl}/v1/refunds`,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ payment_intent: paid?.id ?? '', amount: '1' }).toString(),
  });
  expect(answer.status, answer.text).toBe(200);
}

test('where nothing runs, one line says so and what to do', async () => {
  for (const args of [['health'], ['projections', 'status'], ['token']]) {
    const said = await ops(args, { data: empty });
    expect(said).toMatchObject({ code: 3, out: '' });
    expect(said.err).toMatch(/^No platform runs in .*: start it with `npm start`.*\n$/);
  }
});

test.each([
  [['helth'], '"helth" is not known: ops takes health, projections'],
  [['projections', 'statsu'], '"statsu" is not known: ops projections takes status'],
  [['health', '--jason'], '--jason is not known: ops health takes'],
])('a slip of the pen is answered with what would be right: %s', async (args, message) => {
  const said = await run(...args);
  expect(said).toMatchObject({ code: 2, out: '' });
  expect(said.err).toContain(message);
});

test('--help is everywhere, with examples', async () => {
  const asked = [
    [],
    ...entries.flatMap((entry) =>
      isGroup(entry)
        ? [[entry.name], ...entry.verbs.map(({ name }) => [entry.name, name])]
        : [[entry.name]],
    ),
  ];
  for (const words of asked) {
    const wish = parseWish(program, [...words, '--help']);
    if (wish.kind !== 'help') throw new Error(`${words.join(' ')} --help asks for something else`);
    expect(helpOf(program, wish)).toMatch(/Examples:\n +(npm run|curl)/);
  }
  const said = await ops(['health', '--help']);
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toContain('Examples:');
  const nothing = await ops([]);
  expect(nothing).toMatchObject({ code: 2, out: '' });
  expect(nothing.err).toContain('Usage: npm run ops');
});
