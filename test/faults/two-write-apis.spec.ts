import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../../embedded/demo/client/http.ts';
import { enrolled } from '../../embedded/demo/client/shapes.ts';
import { inParallel, until } from '../../embedded/demo/client/wait.ts';
import { createDriver, type Driver, type Person, parsed, problemOf } from '../acceptance/driver.ts';
import { type AnotherProcess, startAnother } from '../support/another-process.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { persist, type Trouble } from './flows.ts';

/**
 * Two write APIs on one log are one: as many seats are given as there are, whichever of them is asked,
 * and an answer of one is the answer of the other. In each round one of them is killed in the middle.
 * A round of 60 for each capacity; `ROUNDS_OF_TWO=200 ASKING=500` is the published figure.
 */
const ROUNDS = Number(process.env['ROUNDS_OF_TWO'] ?? 4);
const ASKING = Number(process.env['ASKING'] ?? 60);
const CAPACITIES = [1, 2, 10, 50] as const;
/** Nobody sends more than 300 commands in one go, repeats after a cut and all rounds together. */
const MEMBERS = Math.max(8, Math.ceil((ROUNDS * ASKING) / 120));

let platform: TestPlatform;
let second: AnotherProcess;
let drivers: readonly Driver[];
let staff: Person;
let members: readonly Person[];

beforeAll(
  async () => {
    // Nobody logs in again in the middle: the long run takes longer than a token lasts.
    platform = await startPlatform({ env: { ACCESS_TOKEN_MINUTES: '60' } });
    second = await startAnother('write-api', platform);
    drivers = [createDriver(platform), createDriver({ ...platform, writeUrl: second.url })];
    staff = await driverAt(0).official('staff');
    members = await inParallel(Array(MEMBERS).fill(0), 4, () => driverAt(0).register());
    // Two passwords each to be hashed: hundreds of people take minutes.
  },
  120_000 + MEMBERS * 500,
);

afterAll(async () => {
  for (const driver of drivers ?? []) driver.close();
  await second?.stop();
  await platform?.stop();
});

const driverAt = (which: number): Driver => drivers[which % 2] as Driver;

type Asked = { readonly key: string; readonly member: Person; readonly answer: Answer };

/** Each asks one of the two until it has an answer; after a cut, the other one, with the same key. */
async function askAll(activityId: string, onAsked: (asked: number) => void): Promise<Asked[]> {
  let asked = 0;
  const trouble: Trouble = { cut: 0, unavailable: 0 };
  return inParallel(Array(ASKING).fill(0), ASKING, async (_, index) => {
    const key = randomUUID();
    const member = members[(index + asked) % members.length] as Person;
    let which = index;
    const ask = (): Promise<Answer> => {
      const path = `/v1/activities/${activityId}/enrollments`;
      which += 1;
      return driverAt(which).command(path, {}, { token: member.token, key });
    };
    // Sold out is an answer, too.
    const answer = await persist('enroll', trouble, ask, [201, 409]);
    asked += 1;
    onAsked(asked);
    return { key, member, answer };
  });
}

async function round(capacity: number, killed: 'write-api' | 'second'): Promise<void> {
  const { id: activityId } = await driverAt(0).openActivity(staff, {
    ...{ capacity, seatsPerMember: 1000 },
  });
  let back: Promise<unknown> | undefined;
  const asked = await askAll(activityId, (count) => {
    if (count < ASKING / 4 || back !== undefined) return;
    back = killed === 'second' ? second.killAndStart() : killOwn();
  });
  await back;
  const seated = asked.filter(({ answer }) => answer.status === 201);
  const refused = asked.filter(({ answer }) => answer.status === 409);
  const ids = seated.map(({ answer }) => parsed(enrolled, answer).id);
  expect(new Set(ids).size).toBe(Math.min(capacity, ASKING));
  expect(ids).toHaveLength(Math.min(capacity, ASKING));
  expect(new Set(refused.map(({ answer }) => problemOf(answer).code))).toEqual(
    new Set(refused.length === 0 ? [] : ['sold-out']),
  );
  // Whoever was seated by one is answered by both, with the same words.
  for (const { key, member, answer } of seated) {
    for (const driver of drivers) {
      const path = `/v1/activities/${activityId}/enrollments`;
      const again = await driver.command(path, {}, { token: member.token, key });
      expect([again.status, again.text]).toEqual([201, answer.text]);
      expect(again.headers['idempotency-hit']).toBe('true');
    }
  }
  const held = async () => (await driverAt(0).activity(activityId)).availability.held;
  expect(await until('held seats', held, (seats) => seats >= ids.length, 30_000)).toBe(ids.length);
}

async function killOwn(): Promise<void> {
  const back = platform.restarted('write-api');
  platform.kill('write-api', 'SIGKILL');
  await back;
}

test(`${ROUNDS} rounds of ${ASKING} who ask two write APIs, one of which is killed: never one seat too many`, async () => {
  const since = performance.now();
  for (let each = 0; each < ROUNDS; each += 1) {
    await round(CAPACITIES[each % CAPACITIES.length] ?? 1, each % 2 === 0 ? 'write-api' : 'second');
  }
  console.log(
    `${ROUNDS} rounds of ${ASKING} in ${Math.round((performance.now() - since) / 1000)} s: never one seat too many`,
  );
}, 3_600_000);
