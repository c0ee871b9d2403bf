import { afterAll, beforeAll, expect, test } from 'vitest';
import { enrollment, page } from '../../embedded/demo/client/shapes.ts';
import { inParallel } from '../../embedded/demo/client/wait.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { createDriver, type Driver, type Person, parsed, problemOf } from './driver.ts';

/** `PAIRS=20000 npx vitest run test/acceptance/read-your-writes` is the published figure. */
const PAIRS = Number(process.env['PAIRS'] ?? 300);
const LANES = 8;
/** A person may send 300 commands in one go; each enrollment is two. */
const ENROLLMENTS_PER_PERSON = 100;

let platform: TestPlatform;
let driver: Driver;
let staff: Person;

beforeAll(async () => {
  // Nobody logs in again in the middle: the long run takes longer than a token lasts.
  platform = await startPlatform({ env: { ACCESS_TOKEN_MINUTES: '60' } });
  driver = createDriver(platform);
  staff = await driver.official('staff');
});

afterAll(async () => {
  driver?.close();
  await platform?.stop();
});

test(
  `${PAIRS} reads with the token of a write: none shows the state before it`,
  async () => {
    const { id: activityId } = await driver.openActivity(staff, {
      ...{ price: 0, capacity: 100_000, seatsPerMember: 1000 },
    });
    const people = Math.max(LANES, Math.ceil(PAIRS / 2 / ENROLLMENTS_PER_PERSON));
    const each = Math.ceil(PAIRS / 2 / people);
    const members = await inParallel(Array(people).fill(0), 4, () => driver.register());
    const waits: number[] = [];
    const stale: string[] = [];
    let tooEarly = 0;

    /** Reads until it is an answer; "not yet visible" is honest, an old state is not. */
    const readWith = async (path: string, { token }: Person, consistency: string) => {
      const since = performance.now();
      for (;;) {
        const answer = await driver.read(path, { token, consistency });
        if (answer.status !== 503) {
          waits.push(performance.now() - since);
          return answer;
        }
        expect(problemOf(answer).code).toBe('not-yet-visible');
        tooEarly += 1;
      }
    };
    const statusOf = async (id: string, member: Person, consistency: string): Promise<string> => {
      const answer = await readWith(`/v1/enrollments/${id}`, member, consistency);
      return answer.status === 200 ? parsed(enrollment, answer).status : String(answer.status);
    };

    await inParallel(members, LANES, async (member) => {
      for (let round = 0; round < each; round += 1) {
        const { id, consistency } = await driver.enroll(member, activityId);
        const seen = await statusOf(id, member, consistency);
        if (seen !== 'confirmed') stale.push(`${id} after enrolling: ${seen}`);
        const cancelled = await driver.cancel(member, id);
        // One item by its id, the other time as the newest of a list: two ways to be stale.
        const answer = await readWith('/v1/me/enrollments?limit=1', member, cancelled);
        const newest = parsed(page(enrollment), answer).items[0];
        if (newest?.id !== id || newest.status !== 'cancelled') {
          stale.push(`${id} after cancelling: ${newest?.id} ${newest?.status}`);
        }
      }
    });

    waits.sort((a, b) => a - b);
    const at = (share: number) => (waits[Math.floor((waits.length - 1) * share)] ?? 0).toFixed(1);
    console.log(
      `${waits.length} write and read pairs, ${stale.length} stale, ${tooEarly} times not yet visible; ` +
        `reads p50 ${at(0.5)} p95 ${at(0.95)} p99 ${at(0.99)} max ${at(1)} ms`,
    );
    expect(waits.length).toBeGreaterThanOrEqual(PAIRS);
    expect(stale).toEqual([]);
  },
  Math.max(60_000, PAIRS * 60),
);
