import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { inParallel, until } from '../../../embedded/demo/client/wait.ts';
import {
  createDriver,
  type Driver,
  type Enrollment,
  type Person,
} from '../../acceptance/driver.ts';
import { natsServerForSpecs } from '../../support/nats.ts';
import { census, relayedIds, untilSagasRest } from '../crash-points/settled.ts';
import { type Flow, runFlows } from '../flows.ts';
import { eventsAbout, type FinalState, finalState } from './final-state.ts';
import { type Dependency, type NetworkStage, startNetworkStage } from './stage.ts';

/** `CUT_FLOWS=50` for the long run. */
const FLOWS = Number(process.env['CUT_FLOWS'] ?? 3);
/** Every answer is cut, so everything takes several connections. */
const PATIENCE_MS = 60_000;

const nats = await natsServerForSpecs();
let stage: NetworkStage;
let driver: Driver;
let staff: Person;
let members: Person[];
let expected: FinalState;

beforeAll(async () => {
  stage = await startNetworkStage(nats);
  driver = createDriver(stage);
  staff = await driver.official('staff');
  members = await inParallel(Array(4).fill(0), 2, () => driver.register());
  expected = (await walk()).state;
}, 120_000);

afterAll(async () => {
  driver?.close();
  await stage?.stop();
});

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(stage.lines.slice(-60).join('\n')));
});

/** Enroll, pay, webhook, confirm; what is broken is whole again before anybody looks. */
async function walk(broken?: Dependency): Promise<{ state: FinalState; cuts: number }> {
  const { id: activityId } = await driver.openActivity(staff, {
    ...{ title: `Without an answer: ${broken}`, capacity: FLOWS, seatsPerMember: 1000 },
  });
  const proxy = broken === undefined ? undefined : stage.proxyOf(broken);
  const before = proxy?.cuts() ?? 0;
  await proxy?.set('cut-answers', { each: 'always' });
  const { flows, trouble } = await runFlows(driver, {
    ...{ activityId, members, count: FLOWS, width: 2 },
  });
  await allConfirmed(flows);
  // The last of it: after the mail, which is after the ticket.
  await until(
    'confirmations on record',
    () => eventsAbout(stage.eventStoreUrl, activityId),
    ({ ConfirmationSent }) => ConfirmationSent === FLOWS,
    PATIENCE_MS,
  );
  await untilSagasRest(stage.databaseUrl, PATIENCE_MS);
  const { ids, doubled } = await census(stage.eventStoreUrl);
  expect(doubled).toEqual([]);
  // The bus has each event once, in the order of the log.
  if (stage.natsUrl !== undefined) {
    expect(await relayedIds(stage.natsUrl, ids.length, PATIENCE_MS)).toEqual(ids);
  }
  const cuts = (proxy?.cuts() ?? 0) - before;
  await proxy?.set('pass');
  const state = await finalState({ ...stage, driver, staff }, activityId, flows);
  console.log(
    `${broken ?? 'nothing'} cut ${cuts} times in ${FLOWS} flows: ${trouble.cut} cut, ${trouble.unavailable} times 503`,
  );
  return { state, cuts };
}

async function allConfirmed(flows: readonly Flow[]): Promise<void> {
  await inParallel(flows, 4, ({ member, enrollmentId }) =>
    until(
      `paid seat ${enrollmentId}`,
      () =>
        driver.enrollment(member, enrollmentId).catch((error: Error): Enrollment | Error => error),
      (each) => !(each instanceof Error) && each.status === 'confirmed' && each.ticket !== null,
      PATIENCE_MS,
    ),
  );
}

const all: readonly Dependency[] = ['event store', 'Postgres', 'NATS', 'Stripe'];
/** Where no nats-server can be had there is nothing to cut; that was printed. */
const dependencies = all.filter((one) => nats !== null || one !== 'NATS');

test.each(dependencies)(
  'no answer of %s to a write ever arrives: the same as if all had',
  async (dependency) => {
    const { state, cuts } = await walk(dependency);
    expect(state).toEqual(expected);
    // Else nothing was cut, and nothing shown.
    expect(cuts).toBeGreaterThanOrEqual(FLOWS);
  },
  300_000,
);
