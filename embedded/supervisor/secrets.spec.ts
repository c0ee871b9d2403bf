import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { openSecrets } from './secrets.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawprint-secrets-'));
  path = join(folder, 'secrets.json');
});
afterEach(() => removeFolder(folder));

test('are made once, for this user alone', async () => {
  const first = await openSecrets(path, false);
  const second = await openSecrets(path, true);
  expect(second.secrets).toEqual(first.secrets);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(Buffer.from(first.secrets.KEYS_MASTER_KEY, 'base64url')).toHaveLength(32);
  expect(first.secrets.ADMIN_PASSWORD).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
  expect(new Set(Object.values(first.secrets)).size).toBe(Object.keys(first.secrets).length);
});

test('the administrator has a new password until it was shown', async () => {
  expect((await openSecrets(path, false)).adminPasswordIsNew).toBe(true);
  const second = await openSecrets(path, false);
  expect(second.adminPasswordIsNew).toBe(true);
  await second.markShown();
  expect((await openSecrets(path, false)).adminPasswordIsNew).toBe(false);
});

test('a file that is gone while there is data is not replaced', async () => {
  await expect(openSecrets(path, true)).rejects.toThrow('bring the file back from a backup');
});

test('a damaged file is not replaced', async () => {
  writeFileSync(path, '{"KEYS_MASTER_KEY": "x');
  await expect(openSecrets(path, false)).rejects.toThrow('damaged');
  expect(readFileSync(path, 'utf8')).toBe('{"KEYS_MASTER_KEY": "x');
});

test('a secret of a newer release joins the ones that are there, names of others stay', async () => {
  writeFileSync(path, '{"KEYS_MASTER_KEY": "kept", "SOMETHING_ELSE": "kept too"}');
  const { secrets } = await openSecrets(path, true);
  expect(secrets.KEYS_MASTER_KEY).toBe('kept');
  const stored = JSON.parse(readFileSync(path, 'utf8'));
  expect(stored).toMatchObject({ SOMETHING_ELSE: 'kept too', ...secrets });
});
