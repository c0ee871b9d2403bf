import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatUsers, parseUsers } from '../../embedded/event-store/access/users.ts';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { createOutput } from '../ops/_cli/output.ts';
import { passwordFrom, userVerb } from './user.ts';

const key = Buffer.alloc(32, 7);
const password = { cost: 16_384, blockSize: 8, parallel: 1, salt: key, key };
const [zoe, eve] = ['zoe', 'eve'].map((name) => ({ name, groups: ['writers'], password }));

let folder: string;
let users: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-store-user-'));
  users = join(folder, 'users.json');
  if (zoe && eve) await writeFile(users, formatUsers([zoe, eve]));
});
afterEach(() => removeFolder(folder));

const remove = async (name: string, file = users) => {
  let said = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      said += String(chunk);
      done();
    },
  });
  const run = userVerb.prepare({ name, users: file, remove: true }, (option) => `--${option}`);
  const out = createOutput({ json: true, stdout });
  const code = await run({ env: {}, out, signal: new AbortController().signal });
  return { code, said: JSON.parse(said) as unknown };
};

test('a user is taken out, and nobody else', async () => {
  expect(await remove('zoe')).toMatchObject({ code: 0, said: { ok: true, name: 'zoe' } });
  expect(parseUsers(await readFile(users, 'utf8'))).toEqual([eve]);
});

test('nobody can be taken out who is not there', async () => {
  expect(await remove('tim')).toMatchObject({ code: 1, said: { ok: false } });
  expect(parseUsers(await readFile(users, 'utf8'))).toEqual([zoe, eve]);
});

test('a file of something else is left alone', async () => {
  await writeFile(users, 'notes');
  await expect(remove('zoe')).rejects.toThrow('is no JSON');
  expect(await readFile(users, 'utf8')).toBe('notes');
});

test('a name with a colon is no user', () => {
  expect(() => userVerb.prepare({ name: 'z:e', users }, (option) => option)).toThrow(
    'without a colon',
  );
});

test('the password is the first line, whole', async () => {
  expect(await passwordFrom(Readable.from(['two wo', 'rds \r\nmore']))).toBe('two words ');
  await expect(passwordFrom(Readable.from(['hunter2\n']))).rejects.toThrow('at least 8 characters');
  await expect(passwordFrom(Readable.from([]))).rejects.toThrow('at least 8 characters');
  const terminal = Object.assign(Readable.from([]), { isTTY: true });
  await expect(passwordFrom(terminal)).rejects.toThrow('comes from standard input');
});
