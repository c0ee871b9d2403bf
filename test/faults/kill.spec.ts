import { afterAll, beforeAll, test } from 'vitest';
import { inParallel } from '../../embedded/demo/client/wait.ts';
import { createDriver } from '../acceptance/driver.ts';
import { type PartName, startPlatform } from '../support/platform.ts';
import { killRound, type Stage } from './round.ts';

/**
 * `npm run faults` is the published figure: a round of FLOWS=300 for each part alone. Without FLOWS one
 * part after another is killed in one small round.
 */
const FLOWS = Number(process.env['FLOWS'] ?? 0);
const core: readonly PartName[] = ['write-api', 'event-store', 'postgres'];
const rounds: readonly { parts: readonly PartName[]; count: number }[] =
  FLOWS === 0
    ? [{ parts: core, count: 48 }]
    : [...core, 'sagas' as const].map((part) => ({ parts: [part], count: FLOWS }));
const mostFlows = rounds.reduce((sum, { count }) => sum + count, 0);

let stage: Stage;

beforeAll(async () => {
  const platform = await startPlatform();
  const driver = createDriver(platform);
  const staff = await driver.official('staff');
  // Nobody sends more than a person may: 300 commands in one go, repeats and all rounds together.
  const people = Math.max(8, Math.ceil(mostFlows / 20));
  const members = await inParallel(Array(people).fill(0), 4, () => driver.register());
  stage = { platform, driver, staff, members };
});

afterAll(async () => {
  stage?.driver.close();
  await stage?.platform.stop();
});

for (const { parts, count } of rounds) {
  const what = `kill -9 of ${parts.join(', then of ')} in the middle of ${count} flows`;
  test(`${what}: nothing lost, nothing twice`, () => killRound(stage, parts, count), 300_000);
}
