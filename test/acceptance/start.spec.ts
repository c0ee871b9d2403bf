import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { until } from '../../embedded/demo/client/wait.ts';
import { startPlatform } from '../support/platform.ts';
import { processesOf } from '../support/processes.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { createDriver, type Person } from './driver.ts';

const parent = mkdtempSync(join(tmpdir(), 'pawprint-start-spec-'));
afterAll(() => removeFolder(parent));
const dataDir = join(parent, 'data');

/** Patience for the parts of a killed supervisor, which notice and end: Postgres writes before it does. */
const GONE_WITHIN_MS = 30_000;
const untilNothingRuns = () =>
  until(
    'no process is left',
    async () => processesOf(dataDir),
    (left) => left.length === 0,
    GONE_WITHIN_MS,
  );

/** `npm start` in the same folder while it is in use. */
async function startAgain(): Promise<{ code: number | null; said: string }> {
  const script = join(import.meta.dirname, '../../bin/start.mjs');
  const child = spawn(process.execPath, [script, '--data', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, said: (await said).join('') };
}

type Kept = { member: Person; enrollmentId: string; activityId: string };

test('a killed supervisor leaves nothing running and loses nothing; Ctrl-C leaves nothing either', async () => {
  const first = await startPlatform({ dataDir });
  const kept = await (async (): Promise<Kept> => {
    const driver = createDriver(first);
    const staff = await driver.official('staff');
    const member = await driver.register('Zoë Havel');
    const { id: activityId } = await driver.openActivity(staff);
    const { id: enrollmentId } = await driver.seat(member, activityId);
    driver.close();
    return { member, enrollmentId, activityId };
  })();
  expect(processesOf(dataDir).length).toBeGreaterThanOrEqual(5);

  const second = await startAgain();
  expect(second.code).toBe(1);
  expect(second.said).toContain(dataDir);
  expect(second.said).toContain(String(first.pids['supervisor']));
  expect((await fetch(`${first.writeUrl}/health/ready`)).status).toBe(200);

  // Right after a write: what was answered has to be there, not only what had time to settle.
  const driver = createDriver(first);
  const late = await driver.register('Last Minute');
  first.kill('supervisor', 'SIGKILL');
  await untilNothingRuns();
  driver.close();
  await first.stop();

  const next = await startPlatform({ dataDir });
  expect(next.adminPassword).toBe(first.adminPassword);
  const again = createDriver(next);
  const { member, enrollmentId, activityId } = kept;
  const { accessToken: token } = await again.logIn(member.email, member.password);
  expect(await again.enrollment({ ...member, token }, enrollmentId)).toMatchObject({
    status: 'confirmed',
    amountPaid: { amount: 2500 },
  });
  await again.logIn(late.email, late.password);
  // Names are readable: the keys are the same ones.
  const [entry] = await again.roster(await again.admin(), activityId);
  expect(entry).toMatchObject({ enrollmentId, attendeeName: 'Zoë Havel' });
  expect(await again.mailTo(member.email)).toHaveLength(1);
  again.close();

  // As a terminal sends it: to the whole group in the foreground.
  process.kill(-(next.pids['supervisor'] ?? 0), 'SIGINT');
  await next.stop();
  expect(processesOf(dataDir)).toEqual([]);
}, 180_000);
