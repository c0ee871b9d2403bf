/**
 * How many enrollments a second the platform takes over HTTP, each on disk before it is answered,
 * beside what the same store does with bare appends by the same client in the same run.
 *
 *   node bench/enroll.ts [--count 5000] [--in-flight 64] [--activities 20] [--json]
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { z } from 'zod';
import { createDriver, type Person } from '../test/acceptance/driver.ts';
import { startPlatform } from '../test/support/platform.ts';
import { drive, type Figures } from './_kit/drive.ts';

const whole = (fallback: number) => z.coerce.number().int().min(1).default(fallback);
const options = z
  .object({
    count: whole(5000),
    'in-flight': whole(64),
    activities: whole(20),
    json: z.boolean().default(false),
  })
  .parse(
    parseArgs({
      options: {
        count: { type: 'string' },
        'in-flight': { type: 'string' },
        activities: { type: 'string' },
        json: { type: 'boolean' },
      },
    }).values,
  );
const { count, 'in-flight': inFlight } = options;

type Row = Figures & { readonly what: string; readonly ratio: number };

/** Enrollments that were answered with anything but a seat: fast and wrong is not a figure. */
let wrong = 0;

const platform = await startPlatform();
const driver = createDriver(platform);
const rows: Row[] = [];
try {
  const staff = await driver.official('staff');
  const members: Person[] = [];
  for (let index = 0; index < 20; index += 1) members.push(await driver.register());
  const open = (capacity: number) =>
    driver.openActivity(staff, { capacity, seatsPerMember: 1000, price: 2500 });
  const activities: string[] = [];
  for (let index = 0; index < options.activities; index += 1)
    activities.push((await open(count)).id);

  const client = EventStoreDBClient.connectionString(platform.eventStoreUrl);
  const bare = (n: number, run: string) =>
    client.appendToStream(
      `bench-${run}-${n}`,
      // Two streams and two events an enrollment: half as many bare appends would be its ceiling.
      jsonEvent({ type: 'BenchAppended', data: { text: 'x'.repeat(330) } }),
      { expectedRevision: NO_STREAM },
    );
  await drive(500, inFlight, (n) => bare(n, 'warm'));
  const enroll = async (n: number, activityId: string): Promise<void> => {
    const member = members[n % members.length];
    if (member === undefined) return;
    const answer = await driver.command(
      `/v1/activities/${activityId}/enrollments`,
      { attendee: { name: 'Žofie', email: 'zofie@member.example' } },
      { token: member.token },
    );
    if (answer.status !== 201) wrong += 1;
  };
  const hot = (await open(count * 2)).id;
  await drive(500, inFlight, (n) => enroll(n, activities[n % activities.length] ?? hot));

  const floor = await drive(count, inFlight, (n) => bare(n, 'floor'));
  rows.push({ what: 'bare append, one event', ...floor, ratio: 1 });
  const spread = await drive(count, inFlight, (n) =>
    enroll(n, activities[n % activities.length] ?? hot),
  );
  rows.push({
    what: `enroll over HTTP, ${activities.length} activities`,
    ...spread,
    ratio: spread.perSecond / floor.perSecond,
  });
  const single = await drive(Math.min(count, 10_000), inFlight, (n) => enroll(n, hot));
  rows.push({
    what: 'enroll over HTTP, one hot activity',
    ...single,
    ratio: single.perSecond / floor.perSecond,
  });
  await client.dispose();

  const environment = {
    node: process.version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    ...{ count, inFlight, wrong },
  };
  if (options.json) {
    console.log(JSON.stringify({ environment, rows }));
  } else {
    console.log(environment);
    console.table(
      rows.map(({ what, perSecond, p50Ms, p95Ms, p99Ms, ratio }) => ({
        what,
        'per second': Math.round(perSecond),
        'p50 ms': p50Ms.toFixed(1),
        'p95 ms': p95Ms.toFixed(1),
        'p99 ms': p99Ms.toFixed(1),
        'x bare': ratio.toFixed(2),
      })),
    );
  }
  if (wrong > 0) process.exitCode = 1;
} finally {
  driver.close();
  await platform.stop();
}
