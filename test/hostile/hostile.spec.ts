import { afterAll, beforeAll, expect, test } from 'vitest';
import { inParallel, until } from '../../embedded/demo/client/wait.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { allTargets, ends, hiddenPaths, type Target } from './api.ts';
import { casesOf } from './cases/index.ts';
import { type Census, countRows, growth, textsInReadModels } from './census.ts';
import { redactionTests, sendValues } from './redaction.ts';
import { callOffTimers } from './rest.ts';
import { isTaken, type Outcome, run, sentences } from './run.ts';
import { type Fired, fire, goodShot } from './shoot.ts';
import { createWorld, type World } from './world.ts';

const LANES = 8;

let platform: TestPlatform;
let world: World;
let targets: readonly Target[];
/** Of one request of each route that is good in all its parts. */
let good: readonly Fired[];
/** Of requests that may be taken, and of those that may not. */
let free: readonly Outcome[];
let bound: readonly Outcome[];
/** Rows around those that may not be taken. */
let before: Census;
let after: Census;

beforeAll(async () => {
  // All that could be logged is: it has to be fit to be read.
  platform = await startPlatform({ env: { LOG_LEVEL: 'debug' } });
  [world, targets] = await Promise.all([createWorld(platform), allTargets()]);
  good = await inParallel(targets, LANES, (target) => fire(world, goodShot(target)));
  await sendValues(world, targets);
  // What ends things that other requests are about comes last.
  const order = targets.toSorted((a, b) => Number(ends(a)) - Number(ends(b)));
  const cases = (await inParallel(order, LANES, (target) => casesOf(target, world))).flat();
  free = await run(
    world,
    cases.filter(({ expected }) => expected.kind === 'either'),
  );
  await callOffTimers(platform.databaseUrl);
  before = await countRows(platform.databaseUrl);
  const refused = free.filter((outcome) => !isTaken(outcome)).map(({ of }) => of);
  const never = cases.filter(({ expected }) => expected.kind === 'refused');
  bound = await run(world, [...never, ...refused]);
  after = await countRows(platform.databaseUrl);
}, 240_000);

afterAll(async () => {
  world?.close();
  await platform?.stop();
});

test('every route has its hostile requests', () => {
  const byTarget = Map.groupBy([...free, ...bound], ({ of }) => of.target.name);
  expect([...byTarget.keys()].toSorted()).toEqual(targets.map(({ name }) => name).toSorted());
  for (const [name, those] of byTarget) expect(those.length, name).toBeGreaterThan(30);
});

test('every route takes a request that is good in all its parts', () => {
  const bad = good.filter(({ answer, faults }) => answer.status >= 300 || faults.length > 0);
  expect(bad.map(({ answer, shot }) => `${shot.target.name}: ${answer.text}`)).toEqual([]);
  expect(good.length).toBe(targets.length);
});

test('each is refused by the book, or taken as its schema says', () => {
  expect(sentences([...free, ...bound])).toEqual([]);
});

/** Texts that no read model has, and why. */
const notShown: Readonly<Record<string, string>> = {
  'register-member#/name': 'only mails say it',
  'register-member#/password': 'hashed',
  'log-in#/password': 'compared with a hash',
  'log-out#/refreshToken': 'compared with a hash',
  'change-pet#/name': 'the next one takes its place; add-pet shows the same field',
  'change-pet#/breed': 'the next one takes its place; add-pet shows the same field',
};

test('texts that were taken come back as they were sent', async () => {
  const texts = await textsInReadModels(platform.databaseUrl);
  const lost = free.filter(isTaken).flatMap(({ of }) => {
    const { expected } = of;
    if (expected.kind !== 'either' || expected.text === undefined) return [];
    if (notShown[expected.field ?? ''] !== undefined) return [];
    return texts.has(expected.text) ? [] : [`${expected.field}: ${of.name}`];
  });
  expect(lost).toEqual([]);
});

test('what a mail says of them is text, and nothing runs', async () => {
  const { driver } = world;
  const staff = await driver.official('staff');
  const markup = '<script>alert(1)</script>"><img src=x onerror=alert(2)>';
  const title = `${markup} {{constructor}} {{{this}}} =cmd|'/C calc'!A0 \u202e${'\u0301'.repeat(20)}`;
  const { id } = await driver.openActivity(staff, { title, price: 0 });
  const member = await driver.register(`${markup} {{name}}`);
  await driver.enroll(member, id);
  const [mail] = await until(
    'the mail',
    () => driver.mailTo(member.email),
    (mails) => mails.length > 0,
  );
  expect(mail?.subject).toContain(title.slice(0, 20));
  expect(mail?.text).toContain(title);
  expect(mail?.html).toContain('&lt;script&gt;');
  expect(mail?.html).not.toMatch(/<script|<img/);
  expect(mail?.html).toContain('{{constructor}}');
  expect(mail?.to).toEqual([expect.stringContaining(member.email)]);
});

test('routes that take no input answer hostile requests as calmly', async () => {
  const ways = [
    { method: 'POST', path: '', statuses: [405] },
    { method: 'GET', path: '?__proto__=1&a=%ff', statuses: [200, 302] },
    { method: 'GET', path: '/%00/..%2f..%2fetc/passwd', statuses: [404, 400] },
    { method: 'GET', path: '/%zz', statuses: [400] },
  ];
  const { writeUrl, readUrl } = platform;
  const calls = [writeUrl, readUrl].flatMap((url) =>
    hiddenPaths.flatMap((path) =>
      ways.map((way) => ({ ...way, url, path: `${path}${way.path}`.replace('//', '/') })),
    ),
  );
  const answers = await inParallel(calls, 8, async (call) => {
    const { status } = await world.driver.http.send(call);
    return call.statuses.includes(status) ? [] : [`${call.method} ${call.path}: ${status}`];
  });
  expect(answers.flat()).toEqual([]);
});

test('what is refused leaves no row anywhere', () => {
  expect(bound.filter(isTaken).map(({ of }) => `${of.target.name}: ${of.name}`)).toEqual([]);
  expect(growth(before, after)).toEqual([]);
});

redactionTests();
