import { mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { importantText, openLogFiles } from './log-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawprint-logs-'));
});
afterEach(() => removeFolder(folder));
const text = (name: string) => readFileSync(join(folder, name), 'utf8');

test('each part has its file, which a later start goes on with', () => {
  for (const run of ['first', 'second']) {
    const logs = openLogFiles(folder);
    logs.write('postgres', `${run} start`);
    logs.write('write-api', run);
    logs.close();
  }
  expect(text('postgres.log')).toBe('first start\nsecond start\n');
  expect(text('write-api.log')).toBe('first\nsecond\n');
});

test('a file that has grown is put aside, also while it is written', () => {
  const logs = openLogFiles(folder, { maxBytes: 10 });
  for (const line of ['12345678', 'abcdefgh', 'ABCDEFGH']) logs.write('api', line);
  expect([text('api.log.1'), text('api.log')]).toEqual(['12345678\nabcdefgh\n', 'ABCDEFGH\n']);
  logs.close();
});

test('a disk that takes no more is said once, and nothing else happens', () => {
  // Every write to it fails with ENOSPC.
  symlinkSync('/dev/full', join(folder, 'api.log'));
  const troubles: unknown[] = [];
  const logs = openLogFiles(folder, { onTrouble: (error) => troubles.push(error) });
  logs.write('api', 'one');
  logs.write('api', 'two');
  expect(troubles).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
  logs.close();
});

test.each([
  ['{"level":30,"msg":"fine"}', undefined],
  ['{"level":40,"msg":"slow"}', 'slow'],
  ['{"level":"error","message":"lost","reason":"ECONNRESET"}', 'lost: ECONNRESET'],
  ['{"type":"ready"}', undefined],
  ['{"level":50,"msg":"cut', '{"level":50,"msg":"cut'],
  ['TypeError: x is not a function', 'TypeError: x is not a function'],
  ['2026-11-21 UTC [1] LOG:  ready', undefined],
])('%s is shown as %s', (line, shown) => {
  expect(importantText(line)).toBe(shown);
});
