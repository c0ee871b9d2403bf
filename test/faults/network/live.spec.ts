import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { enrolled } from '../../../embedded/demo/client/shapes.ts';
import { inParallel, until } from '../../../embedded/demo/client/wait.ts';
import { createDriver, type Driver, type Person, parsed } from '../../acceptance/driver.ts';
import { type AnotherProcess, startAnother } from '../../support/another-process.ts';
import { persist, type Trouble } from '../flows.ts';
import { type Follower, startFollower } from './follower.ts';
import {
  activityIn,
  entriesOf,
  lastOrdinal,
  looksOfActivity,
  looksOfEntry,
  misheard,
  readHeard,
} from './live-oracle.ts';
import { type NetworkStage, startNetworkStage } from './stage.ts';

const LANES = 3;
/** People do not click faster; and a message has no more than 200 items, beyond which there are pages. */
const PAUSE_MS = 60;
const MOST_UNTOLD = 60;
const PATIENCE_MS = 60_000;
/** After all outages: who wanders goes on at so many more places, each time at the other process. */
const CUTS = 8;

let stage: NetworkStage;
let driver: Driver;
let second: AnotherProcess;
let staff: Person;
let members: Person[];
let activityId: string;
const followers: Follower[] = [];

beforeAll(async () => {
  stage = await startNetworkStage(null);
  driver = createDriver(stage);
  // A read API by itself: it reads what the projections of the other process write.
  second = await startAnother('read-api', stage, stage.environment);
  staff = await driver.official('staff');
  members = await inParallel(Array(LANES).fill(0), LANES, () => driver.register());
  ({ id: activityId } = await driver.openActivity(staff, {
    ...{ price: 0, capacity: 1000, seatsPerMember: 1000 },
  }));
});

afterAll(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  driver?.close();
  await second?.stop();
  await stage?.stop();
});

beforeEach(({ onTestFailed }) => {
  onTestFailed(() =>
    console.log(
      stage.lines
        .slice(-40)
        .map((line) => line.slice(0, 300))
        .join('\n'),
    ),
  );
});

/** People who enroll, every other of whom cancels, and repeat what has no certain answer. */
function startEnrolling(untold: () => number) {
  const trouble: Trouble = { cut: 0, unavailable: 0 };
  const ids: string[] = [];
  let ending = false;
  const send = async (path: string, body: unknown, { token }: Person) => {
    const by = { token, key: randomUUID() };
    return persist(path, trouble, () => driver.command(path, body, by));
  };
  const lane = async (member: Person): Promise<void> => {
    for (let turn = 0; !ending; turn += 1) {
      await delay(PAUSE_MS);
      if (untold() > MOST_UNTOLD) continue;
      const answer = await send(`/v1/activities/${activityId}/enrollments`, {}, member);
      const { id } = parsed(enrolled, answer);
      ids.push(id);
      if (turn % 2 === 1) await send(`/v1/enrollments/${id}/cancel`, {}, member);
    }
  };
  const running = Promise.all(members.map(lane));
  running.catch(() => {
    // Whoever ends it is told.
  });
  return {
    ...{ trouble, ids },
    end: async () => {
      ending = true;
      await running;
    },
  };
}

test('who follows is told every change once and in order, through outages, a kill and at another process', async () => {
  const [one, other] = [stage.readUrl, second.url];
  const roster = `/v1/activities/${activityId}/roster/live`;
  const follow = (urls: readonly string[], path: string): Follower => {
    const follower = startFollower({ urls, path, token: staff.token });
    followers.push(follower);
    return follower;
  };
  const steady = follow([other], roster);
  const loyal = follow([one], roster);
  const wandering = follow([one, other], roster);
  const seats = follow([other, one], `/v1/activities/${activityId}/live`);
  const entries = [steady, loyal, wandering];
  const has = ({ told }: Follower, id: string) =>
    told.some(({ items }) => items.some((item) => item['enrollmentId'] === id));
  await until(
    'all follow',
    () => Promise.resolve(followers),
    (all) => all.every(({ told }) => told.length > 0),
  );

  const enrolling = startEnrolling(() => enrolling.ids.filter((id) => !has(steady, id)).length);
  /** What is enrolled from now on is told to everybody; whoever wanders is somewhere else then. */
  const goesOn = async (after: string): Promise<void> => {
    const from = enrolling.ids.length;
    await until(
      `somebody who enrolls after ${after} is told to all`,
      () => Promise.resolve(enrolling.ids[from + 2]),
      (id) => id !== undefined && entries.every((follower) => has(follower, id)),
      PATIENCE_MS,
    );
    for (const follower of [wandering, seats]) follower.cut();
  };
  const refused = () => Promise.resolve(enrolling.trouble.unavailable);
  const read = async () => (await driver.read(`/v1/activities/${activityId}`)).status;

  await goesOn('the start');
  await stage.proxyOf('event store').set('refuse');
  await until('nobody can enroll', refused, (count) => count >= LANES, PATIENCE_MS);
  await stage.proxyOf('event store').set('pass');
  await goesOn('an outage of the event store');
  await stage.proxyOf('Postgres').set('black-hole');
  // The log goes on: its node has a way of its own to Postgres.
  await until('nobody can read', read, (status) => status === 503, PATIENCE_MS);
  await stage.proxyOf('Postgres').set('pass');
  await goesOn('an outage of Postgres');
  const killed = stage.pidOf('read-api');
  process.kill(killed, 'SIGKILL');
  await goesOn('a kill of the projections and a read API');
  expect(stage.pidOf('read-api')).not.toBe(killed);
  for (let cut = 1; cut <= CUTS; cut += 1) await goesOn(`cut ${cut}`);
  await enrolling.end();

  // The last to be written is the work of the sagas, the tickets: until the log stands still.
  const histories = async () => {
    const heard = await readHeard(stage.eventStoreUrl);
    return { entries: entriesOf(heard, activityId), seats: activityIn(heard, activityId) };
  };
  const whole = await until(
    'everybody stands at the end of the log',
    histories,
    (all) =>
      entries.every(({ told }) => told.at(-1)?.id === lastOrdinal(all.entries)) &&
      seats.told.at(-1)?.id === lastOrdinal(all.seats),
    PATIENCE_MS,
  );
  const entry = {
    id: (item: Record<string, unknown>) => String(item['enrollmentId']),
    looks: looksOfEntry,
  };
  const activity = {
    id: (item: Record<string, unknown>) => String(item['id']),
    looks: looksOfActivity,
  };
  expect(entries.map(({ told }) => misheard(told, whole.entries, entry))).toEqual([[], [], []]);
  expect(misheard(seats.told, whole.seats, activity)).toEqual([]);
  expect(new Set(wandering.told.map(({ by }) => by))).toEqual(new Set([one, other]));
  const counts = followers.map(({ told, connections }) => `${told.length} in ${connections()}`);
  console.log(
    `${enrolling.ids.length} enrollments, ${enrolling.trouble.unavailable} times 503; messages and connections: ${counts.join(', ')}`,
  );
});
