import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inParallel } from '../../../embedded/demo/client/wait.ts';
import { createPool } from '../../../platform/postgres/index.ts';
import { createDriver, type Driver } from '../../acceptance/driver.ts';
import { natsServerForSpecs } from '../../support/nats.ts';
import { noRowDiffers, rowsThatDiffer } from '../compared.ts';
import { type Flow, runFlows } from '../flows.ts';
import { countAll } from '../round.ts';
import { census, lostWebhooks, relayedIds, sentAgainUnkilled, untilSagasRest } from './settled.ts';
import { type CrashStage, startCrashStage } from './stage.ts';
import { allSteps, createWalk } from './walk.ts';

/** Told to die at a boundary, a process that sees flows all the time gets there in this time. */
const REACHED_WITHIN_MS = 90_000;
/** Flows at a time, and the pause of each lane between two: enough that each boundary is crossed. */
const LANES = 2;
const PAUSE_MS = 600;
const CAPACITY = 5000;

const nats = await natsServerForSpecs();
/** `CRASH_ONLY=mail,append.Seat` walks a part of the table. */
const only = (process.env['CRASH_ONLY'] ?? '').split(',');
const steps = allSteps(nats !== null).filter(({ at }) =>
  only.some((start) => at.startsWith(start)),
);
const walk = createWalk(steps);
let stage: CrashStage;
let driver: Driver;

beforeAll(async () => {
  stage = await startCrashStage({ nats, next: walk.next, died: walk.died });
  driver = createDriver(stage);
});

afterAll(async () => {
  driver?.close();
  await stage?.stop();
});

test(`SIGKILL at each of ${steps.length} moments: nothing lost, nothing twice`, async () => {
  const staff = await driver.official('staff');
  const members = await inParallel(Array(20).fill(0), 4, () => driver.register());
  const { id: activityId } = await driver.openActivity(staff, {
    ...{ title: 'Killed at every boundary', capacity: CAPACITY, seatsPerMember: 1000 },
  });
  walk.begin();
  stage.rearm('write-api');
  stage.rearm('read-api');

  const flows: Flow[] = [];
  const trouble = { cut: 0, unavailable: 0 };
  const lane = async (): Promise<void> => {
    while (!walk.done()) {
      const late = walk.overdue(REACHED_WITHIN_MS);
      if (late !== undefined) {
        const said = stage.lines.slice(-40).join('\n');
        throw new Error(`${late} is not reached, in ${flows.length} flows:\n${said}`);
      }
      const from = flows.length % members.length;
      const turn = [...members.slice(from), ...members.slice(0, from)];
      const ran = await runFlows(driver, { activityId, members: turn, count: 1, width: 1 });
      flows.push(...ran.flows);
      trouble.cut += ran.trouble.cut;
      trouble.unavailable += ran.trouble.unavailable;
      await delay(PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(walk.reached().toSorted()).toEqual(steps.map(({ at }) => at).toSorted());

  // First, since whatever is missing in a read model is looked for in vain below.
  const pool = createPool({ url: stage.databaseUrl, name: 'spec' });
  const differing = await rowsThatDiffer(pool).finally(() => pool.end());
  expect(differing, 'rows that say something else than the log').toEqual(noRowDiffers);

  const free = CAPACITY - flows.length;
  const { slowest, mails } = await countAll({ driver, staff }, { activityId, flows, free });
  await untilSagasRest(stage.databaseUrl, 60_000);
  const { ids, counts, doubled } = await census(stage.eventStoreUrl);
  expect(doubled, `told twice: ${doubled.join(', ')}`).toEqual([]);
  for (const [type, count] of Object.entries(counts))
    expect([type, count]).toEqual([type, flows.length]);
  const again = sentAgainUnkilled(await driver.mails(), walk.killedAt());
  expect(again, `mailed again: ${again.join(', ')}`).toEqual([]);
  const lost = await lostWebhooks(stage.databaseUrl);
  expect(lost, `answered and not stored: ${lost.join(', ')}`).toEqual([]);
  if (stage.natsUrl !== undefined) expect(await relayedIds(stage.natsUrl, ids.length)).toEqual(ids);
  console.log(
    `${steps.length} kills in ${flows.length} flows: ${trouble.cut} cut, ${trouble.unavailable} times 503; ` +
      `slowest confirmation ${Math.round(slowest)} ms after its payment; ${mails} mails`,
  );
}, 600_000);
