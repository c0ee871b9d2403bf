import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { activity, enrollment } from '../../embedded/demo/client/shapes.ts';
import { inParallel, until } from '../../embedded/demo/client/wait.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { listParked, requestUnpark } from '../../projections/_runtime/parked.ts';
import { createDriver, type Driver, type Person, parsed } from '../acceptance/driver.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';

/** `POISON_WRITES=5000` for a long look. */
const WRITES = Number(process.env['POISON_WRITES'] ?? 400);
const LANES = 4;
const MEMBERS = 16;
/** How far behind every key but the parked one may be: the promise. */
const MOST_BEHIND_SECONDS = 1;

let platform: TestPlatform;
let driver: Driver;
let pool: Pool;

beforeAll(async () => {
  platform = await startPlatform();
  driver = createDriver(platform);
  pool = createPool({ url: platform.databaseUrl, name: 'spec' });
});
afterAll(async () => {
  driver?.close();
  await pool?.end();
  await platform?.stop();
});

/** The table behind the view that queries read. */
async function liveTable(view: string): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.view_table_usage
      where (view_schema, view_name) = ('read', $1)`,
    [view],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`there is no view read.${view}`);
  return row.name;
}

test('an event that cannot be applied parks its key, and every other key is seen within a second', async () => {
  const staff = await driver.official('staff');
  const members = await inParallel(Array(MEMBERS).fill(0), 4, () => driver.register());
  const memberOf = (index: number) => members[index % members.length] as Person;
  const plan = { price: 0, capacity: 100_000, seatsPerMember: 1000 };
  const { id: activityId } = await driver.openActivity(staff, plan);
  const table = await liveTable('activity_catalogue');
  await pool.query(`alter table ${table} add constraint spec check (title <> 'Unfit')`);

  const { id: unfit } = await driver.openActivity(staff, { ...plan, title: 'Unfit' });
  const parked = await until(
    'it is parked',
    () => listParked(pool),
    (keys) => keys.length > 0,
  );
  expect(parked).toMatchObject([{ projection: 'activity-catalogue', key: unfit }]);
  expect(parked[0]?.cause).toContain('23514');

  const late: string[] = [];
  let slowest = 0;
  /** What a read with the token of a write shows, if it does so in time. */
  const look = async (path: string, { token }: Person, consistency: string) => {
    const since = performance.now();
    const answer = await driver.http.send({
      url: `${platform.readUrl}${path}`,
      headers: {
        authorization: `Bearer ${token}`,
        'consistency-token': consistency,
        prefer: `wait=${MOST_BEHIND_SECONDS}`,
      },
    });
    slowest = Math.max(slowest, performance.now() - since);
    if (answer.status === 200) return answer;
    late.push(`${path}: ${answer.status} ${answer.text}`);
    return null;
  };

  // Enrollments in both: those in the activity that is parked move its catalogue entry, which waits;
  // everybody's enrollments do not, nor does the entry of the other activity.
  let inOther = 0;
  await inParallel(Array(WRITES).fill(0), LANES, async (_, index) => {
    const member = memberOf(index);
    const parkedToo = index % 4 === 0;
    const { id, consistency } = await driver.enroll(member, parkedToo ? unfit : activityId);
    if (!parkedToo) inOther += 1;
    const atLeast = inOther;
    const own = await look(`/v1/enrollments/${id}`, member, consistency);
    if (own !== null) expect(parsed(enrollment, own).status).toBe('confirmed');
    const entry = await look(`/v1/activities/${activityId}`, member, consistency);
    const confirmed = entry === null ? atLeast : parsed(activity, entry).availability.confirmed;
    // What others wrote before this one may be in an event after it, one a lane.
    if (confirmed < atLeast - LANES) late.push(`${confirmed} confirmed of ${atLeast}`);
    await delay(20);
  });
  expect(late).toEqual([]);
  const still = await listParked(pool);
  expect(still).toMatchObject([{ projection: 'activity-catalogue', key: unfit }]);
  expect(still[0]?.events).toBeGreaterThan(1);

  await pool.query(`alter table ${table} drop constraint spec`);
  await requestUnpark(pool, 'activity-catalogue', unfit);
  await until(
    'nothing is parked',
    () => listParked(pool),
    (keys) => keys.length === 0,
  );
  const { availability } = await driver.activity(unfit);
  expect(availability.confirmed).toBe(WRITES / 4);
  console.log(
    `${WRITES} writes beside a parked key with ${still[0]?.events} events: each seen, the slowest after ${Math.round(slowest)} ms`,
  );
});
