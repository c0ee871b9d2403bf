import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { isGroup } from '../../bin/ops/_cli/verb.ts';
import { entries } from '../../bin/ops/index.ts';
import { projections } from '../../projections/index.ts';
import { createDriver, type Driver } from '../acceptance/driver.ts';
import { until } from '../acceptance/wait.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { ops, type Said } from './cli.ts';

let platform: TestPlatform;
let driver: Driver;
const empty = mkdtempSync(join(tmpdir(), 'pawprint-ops-spec-'));

beforeAll(async () => {
  platform = await startPlatform();
  driver = createDriver(platform);
}, 60_000);
afterAll(async () => {
  driver?.close();
  await platform?.stop();
  rmSync(empty, { recursive: true });
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
  expect(table.out).toMatch(/^enrollments +\d+ +live/m);
});

test('a token of the administrator opens the APIs; a password never stands on the command line', async () => {
  const plain = await run('token');
  expect(plain).toMatchObject({ code: 0, err: '' });
  const asked = await driver.read('/v1/finance/breaks', { token: plain.out.trim() });
  expect(asked.status).toBe(200);

  const member = await driver.register('Zoë Havel');
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
  const answers = await Promise.all(asked.map((words) => ops([...words, '--help'])));
  for (const { code, out } of answers) {
    expect(code).toBe(0);
    expect(out).toMatch(/Examples:\n +(npm run|curl)/);
  }
  const nothing = await ops([]);
  expect(nothing).toMatchObject({ code: 2, out: '' });
  expect(nothing.err).toContain('Usage: npm run ops');
});
