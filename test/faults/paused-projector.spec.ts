import { afterAll, beforeAll, expect, test } from 'vitest';
import { enrollment } from '../../embedded/demo/client/shapes.ts';
import { inParallel, until } from '../../embedded/demo/client/wait.ts';
import { createDriver, type Driver, type Person, parsed, problemOf } from '../acceptance/driver.ts';
import { type AnotherProcess, startAnother } from '../support/another-process.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';

const WRITES = 200;
const LANES = 16;

let platform: TestPlatform;
let driver: Driver;
let reader: AnotherProcess;

beforeAll(async () => {
  platform = await startPlatform();
  driver = createDriver(platform);
  reader = await startAnother('read-api', platform);
});

afterAll(async () => {
  driver?.close();
  await reader?.stop();
  await platform?.stop();
});

test(`the projector is stopped: ${WRITES} reads with a token are 503, none is stale`, async () => {
  const staff = await driver.official('staff');
  const members = await inParallel(Array(8).fill(0), 4, () => driver.register());
  const { id: activityId } = await driver.openActivity(staff, {
    ...{ price: 0, capacity: 1000, seatsPerMember: 1000 },
  });
  const memberOf = (index: number) => members[index % members.length] as Person;
  const ask = (id: string, { token }: Person, consistency: string, seconds: number) =>
    driver.http.send({
      url: `${reader.url}/v1/enrollments/${id}`,
      headers: {
        authorization: `Bearer ${token}`,
        'consistency-token': consistency,
        prefer: `wait=${seconds}`,
      },
    });
  // Each was enrolled and seen before, and is cancelled while the projector stands: a stale read
  // would show an enrollment that is there, and confirmed.
  const enrolled = await inParallel(Array(WRITES).fill(0), LANES, async (_, index) => {
    const { id, consistency } = await driver.enroll(memberOf(index), activityId);
    const answer = await ask(id, memberOf(index), consistency, 10);
    expect(parsed(enrollment, answer).status).toBe('confirmed');
    return id;
  });

  // Its process has the first read API, too; the second one lives on.
  platform.kill('projections', 'SIGSTOP');
  const seen: string[] = [];
  const tokens = await inParallel(enrolled, LANES, async (id, index) => {
    const consistency = await driver.cancel(memberOf(index), id);
    const since = performance.now();
    const answer = await ask(id, memberOf(index), consistency, 1);
    expect(performance.now() - since).toBeLessThan(5000);
    seen.push(
      answer.status === 503
        ? `503 ${problemOf(answer).code} after ${answer.headers['retry-after']}`
        : `${answer.status} ${answer.text}`,
    );
    return consistency;
  });
  expect([...new Set(seen)]).toEqual(['503 not-yet-visible after 1']);

  platform.kill('projections', 'SIGCONT');
  const resumedAt = performance.now();
  const statuses = await inParallel(enrolled, LANES, async (id, index) => {
    const answer = await until(
      'the projector goes on',
      () => ask(id, memberOf(index), tokens[index] ?? '', 5),
      ({ status }) => status !== 503,
    );
    return parsed(enrollment, answer).status;
  });
  expect(new Set(statuses)).toEqual(new Set(['cancelled']));
  console.log(
    `${seen.length} reads with a token of a stopped projector: all 503; seen ` +
      `${Math.round(performance.now() - resumedAt)} ms after it went on`,
  );
});
