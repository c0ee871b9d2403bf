import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type DemoResult, playSeason } from '../../embedded/demo/index.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { createDriver, type Driver, good, parsed } from './driver.ts';
import { balanceOf, journal } from './finance.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../bin/start.mjs');
const ports =
  'WRITE_API READ_API POSTGRES EVENTSTORE STRIPE_SANDBOX MAILBOX_SMTP MAILBOX_HTTP NATS';
const env = {
  ...process.env,
  ...Object.fromEntries(ports.split(' ').map((name) => [`${name}_PORT`, '0'])),
  NATS_SERVER: 'off',
  STRIPE_STATEMENT_POLL_SECONDS: '1',
};

let dataDir: string;

/** `npm start -- --demo --once …` on the folder of this file. */
async function demo(...flags: string[]) {
  const args = [script, '--data', dataDir, '--demo', '--once', ...flags];
  const ended = await run(process.execPath, args, { env }).then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  );
  const lines = ended.stdout.trimEnd().split('\n');
  return { code: ended.code, lines, last: lines.at(-1) };
}

let platform: TestPlatform;
let driver: Driver;
let first: Awaited<ReturnType<typeof demo>>;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'pawprint-demo-'));
  first = await demo();
  platform = await startPlatform({ dataDir });
  driver = createDriver(platform);
}, 180_000);
afterAll(async () => {
  driver?.close();
  await platform?.stop();
  removeFolder(dataDir);
});

const play = (): Promise<DemoResult> => {
  const stripeKeys = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'));
  return playSeason({ ...platform, stripeKeys, plantBreak: false, onProgress: () => undefined });
};

/** How many events there are, and what people and banks have seen of it. */
async function facts() {
  const { token } = await driver.admin();
  const newest = await driver.read('/v1/audit/events?order=desc&limit=1', { token });
  const shape = z.object({ items: z.array(z.object({ ordinal: z.int() })) });
  const lines = await journal(driver);
  return {
    events: parsed(shape, good('audit', newest)).items[0]?.ordinal,
    mails: (await driver.mails()).length,
    movements: (await driver.stripe.balanceTransactions()).length,
    lines: lines.length,
    balance: balanceOf(lines),
  };
}

test('a season plays to its end, and the books agree', () => {
  expect({ code: first.code, last: first.last }).toEqual({ code: 0, last: 'difference 0.00 EUR' });
  const shown = first.lines.join('\n');
  expect(shown).toMatch(/Beach clean-up with dogs +called off/);
  expect(shown).toMatch(/Portraits of cats +4\/4/);
});

test('whoever was turned away is told with the reason', () => {
  const shown = first.lines.join('\n');
  for (const code of [
    ...['sold-out', 'seat-limit', 'pet-species', 'pet-too-young', 'pet-required'],
    ...['already-checked-in', 'already-redeemed', 'ends-before-start', 'the card was declined'],
    ...['sent twice', 'there is no activity', 'email: expected an e-mail address'],
  ]) {
    expect(shown).toContain(code);
  }
});

test('played again on the same data it doubles nothing, and tells the same', async () => {
  const before = await facts();
  expect(before).toMatchObject({ balance: 0 });
  expect(before.mails).toBeGreaterThan(40);
  const again = await play();
  expect(await facts()).toEqual(before);
  expect(again.difference).toBe(0);
  const told = again.refused.map(({ file, line }) => `  ${file}:${line}  `);
  for (const place of told) expect(first.lines.some((line) => line.startsWith(place))).toBe(true);
  expect(told).toHaveLength(
    first.lines.filter((line) => /^ {2}\S+\.csv:\d+ {2}/.test(line)).length,
  );
});

test('a cent that is taken from a payment is found, named, and no success', async () => {
  await platform.stop();
  const planted = await demo('--plant-break');
  expect({ code: planted.code, last: planted.last }).toEqual({
    code: 1,
    last: 'difference 0.01 EUR',
  });
  expect(planted.lines.at(-2)).toMatch(/^break pay_\w+: other-movement, 0\.01 EUR$/);
}, 120_000);
