import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { until } from '../../embedded/demo/client/wait.ts';
import { decodeConsistencyToken } from '../../platform/http/index.ts';
import { createPool } from '../../platform/postgres/index.ts';
import { createDriver, type Driver, type Person } from '../acceptance/driver.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { ops, type Said } from './cli.ts';

let platform: TestPlatform;
let driver: Driver;
let staff: Person;

beforeAll(async () => {
  platform = await startPlatform();
  driver = createDriver(platform);
  staff = await driver.official('staff');
  await driver.openActivity(staff);
});
afterAll(async () => {
  driver?.close();
  await platform?.stop();
});

const run = (...args: string[]): Promise<Said> => ops(args, { data: platform.dataDir });

function read(path: string, token?: string): Promise<Response> {
  const headers = {
    prefer: 'wait=1',
    ...(token === undefined ? {} : { 'consistency-token': token }),
  };
  return fetch(`${platform.readUrl}${path}`, { headers });
}

const positionOf = (token: string): bigint => decodeConsistencyToken(token);

async function tokenOf(path: string): Promise<string> {
  const response = await read(path);
  expect(response.status).toBe(200);
  return z.string().parse(response.headers.get('consistency-token'));
}

test('a paused read model answers 503 to who wrote since, never less; the others go on', async () => {
  const paused = await run('projections', 'pause', 'activity-catalogue');
  expect(paused).toMatchObject({ code: 0, err: '' });
  expect(paused.out).toMatch(/^activity-catalogue: paused after \d+ events\n$/);
  const stands = positionOf(await tokenOf('/v1/activities'));
  await driver.register('Ada Veit');
  const token = await until(
    'articles have seen the registration',
    () => tokenOf('/v1/articles'),
    (seen) => positionOf(seen) > stands,
  );
  const refused = await read('/v1/activities', token);
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ code: 'not-yet-visible' });
  expect((await read('/v1/activities')).status).toBe(200);

  const status = await run('projections', 'status');
  expect(status.code).toBe(1);
  expect(status.out).toMatch(/^activity-catalogue +\d+ +yes +paused +nobody /m);
  expect(status.out).toMatch(/^articles +\d+ +yes +live +at-head /m);
  expect((await run('projections', 'compare', 'activity-catalogue')).code).toBe(3);

  const resumed = await run('projections', 'resume', 'activity-catalogue', '--json');
  expect(resumed.code).toBe(0);
  expect(JSON.parse(resumed.out)).toMatchObject({
    projection: 'activity-catalogue',
    paused: false,
  });
  await until(
    'it has caught up',
    async () => (await read('/v1/activities', token)).status,
    (code) => code === 200,
  );
});

test('rows that differ are told with the events behind them; a rebuild puts them right', async () => {
  const pool = createPool({ url: platform.databaseUrl, name: 'spec' });
  onTestFinished(() => pool.end());
  const equal = await run('projections', 'compare', 'activity-catalogue');
  expect(equal).toMatchObject({ code: 0 });
  expect(equal.out).toMatch(/^activity-catalogue: equal to the log up to event \d+$/m);

  await pool.query("update read.activity_catalogue set title = 'Planted'");
  const differs = await run('projections', 'compare', 'activity-catalogue');
  expect(differs.code).toBe(1);
  expect(differs.out).toMatch(/^activity_catalogue \(act_\w+\) different: title$/m);
  expect(differs.out).toMatch(/ActivityDrafted {2}activity-act_\w+@0$/m);
  expect(differs.out).not.toContain('Planted');
  const health = await run('health');
  expect(health.code).toBe(1);
  expect(health.out).toContain('1 rows say something else than the log');

  expect((await run('projections', 'rebuild', 'activity-catalogue', '--yes')).code).toBe(0);
  expect((await run('projections', 'compare', 'activity-catalogue')).code).toBe(0);
  expect((await run('projections', 'status')).code).toBe(0);
});

test.each([
  [['--to', '99'], 2, /is not there: expected one of \d/],
  [['--to', 'new'], 2, /is a version, as `projections status` shows them/],
  [[], 2, /say either --to VERSION or --drop VERSION/],
])('switch %j is answered with what would be right', async (args, code, told) => {
  const said = await run('projections', 'switch', 'articles', ...args);
  expect(said).toMatchObject({ code, out: '' });
  expect(said.err).toMatch(told);
});
