import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataFolder } from '../../embedded/supervisor/index.ts';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { findInstallation } from '../ops/_cli/installation.ts';
import { announce, announcedIn } from './addresses-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-addresses-'));
});
afterEach(() => removeFolder(folder));

const variables = {
  DATABASE_URL: 'postgresql://postgres:hunter2@127.0.0.1:25432/pawprint',
  SMTP_URL: 'smtp://127.0.0.1:1025',
  WRITE_API_PORT: '4711',
};
const file = () => join(folder, 'addresses.json');

test('what a running start leaves is found, and only its owner can read it', async () => {
  const lock = await lockDataFolder(folder);
  const announced = announce(folder, {});
  expect(await announcedIn(folder)).toBeNull();
  await announced.up(variables);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect(await announcedIn(folder)).toMatchObject({ pid: process.pid, variables, given: [] });

  const found = await findInstallation({ SMTP_URL: 'smtp://mail.example:25' }, folder);
  expect(found.read('DATABASE_URL')).toBe(variables.DATABASE_URL);
  expect(found.read('WRITE_API_PORT')).toBe(4711);
  // The environment comes first.
  expect(found.read('SMTP_URL')).toBe('smtp://mail.example:25');
  await announced.down();
  expect(await announcedIn(folder)).toBeNull();
  await lock.release();
});

test('what a killed start left behind is not believed', async () => {
  await announce(folder, {}).up(variables);
  const read = async () => (await findInstallation({}, folder)).read('DATABASE_URL');
  await expect(read()).rejects.toThrow(
    `No platform runs in ${folder}: start it with \`npm start\``,
  );
  // A next start has the folder and is not up yet: the file is of another process.
  const lock = await lockDataFolder(folder);
  const left = JSON.parse(await readFile(file(), 'utf8'));
  await announce(folder, {}).up(variables);
  expect(await announcedIn(folder)).not.toBeNull();
  await writeFile(file(), JSON.stringify({ ...left, pid: process.pid + 1 }));
  await expect(read()).rejects.toThrow('is not up yet');
  await lock.release();
});

test('what the start was given is named and not written: it may be a secret', async () => {
  const lock = await lockDataFolder(folder);
  const env = { DATABASE_URL: variables.DATABASE_URL, WRITE_API_PORT: '0', HOME: '/root' };
  await announce(folder, env).up(variables);
  expect(await readFile(file(), 'utf8')).not.toContain('hunter2');
  const found = await findInstallation({}, folder);
  expect(found.read('WRITE_API_PORT')).toBe(4711);
  expect(() => found.read('DATABASE_URL')).toThrow(
    'DATABASE_URL was given to the running platform',
  );
  await lock.release();
});

test('a variable that does not fit is named with what would be right', async () => {
  const found = await findInstallation({ DATABASE_URL: 'mysql://x' }, folder);
  expect(() => found.read('DATABASE_URL')).toThrow(
    /^DATABASE_URL: expected a URL that starts with postgres/,
  );
});
