import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashPassword, isPassword } from '../../embedded/event-store/access/password.ts';
import { formatUsers } from '../../embedded/event-store/access/users.ts';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { UsageError } from '../start/options.ts';
import { securityOf } from './security.ts';

let folder: string;
let files: { tlsCert: string; tlsKey: string; users: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-store-security-'));
  files = {
    tlsCert: join(folder, 'node.crt'),
    tlsKey: join(folder, 'node.key'),
    users: join(folder, 'users.json'),
  };
  await writeFile(files.tlsCert, 'the certificate');
  await writeFile(files.tlsKey, 'the key');
  const zoe = { name: 'zoe', groups: ['writers'], password: await hashPassword('secret words') };
  const admin = { name: 'admin', groups: [], password: zoe.password };
  await writeFile(files.users, formatUsers([zoe]));
  await writeFile(join(folder, 'admin.json'), formatUsers([admin]));
});
afterAll(() => removeFolder(folder));

const ADMIN = { EVENTSTORE_DEFAULT_ADMIN_PASSWORD: 'a long password' };
const quiet = (): void => undefined;

test('without a certificate the port is open, and passwords that protect nothing are named', async () => {
  const said: unknown[] = [];
  const log = (...line: unknown[]): void => {
    said.push(line);
  };
  expect(await securityOf({}, {}, log)).toEqual({});
  expect(said).toEqual([]);
  expect(await securityOf({ advertiseHost: 'a.example' }, ADMIN, log)).toEqual({
    advertisedHost: 'a.example',
  });
  expect(JSON.stringify(said)).toContain('EVENTSTORE_DEFAULT_ADMIN_PASSWORD');
  expect(JSON.stringify(said)).not.toContain('long password');
});

test('users come from the file and from the environment', async () => {
  const env = { ...ADMIN, EVENTSTORE_DEFAULT_OPS_PASSWORD: 'another password' };
  const { secure } = await securityOf(files, env, quiet);
  expect(secure).toMatchObject({ cert: 'the certificate', key: 'the key' });
  const { users = [] } = secure ?? {};
  expect(users.map(({ name, groups }) => [name, groups])).toEqual([
    ['zoe', ['writers']],
    ['admin', ['$admins']],
    ['ops', ['$ops']],
  ]);
  const passwords = ['secret words', 'a long password', 'another password'];
  const right = users.map(({ password }, index) => isPassword(passwords[index] ?? '', password));
  expect(await Promise.all(right)).toEqual([true, true, true]);
});

test.each<[string, () => Parameters<typeof securityOf>[0], Record<string, string>, string]>([
  ['a certificate alone', () => ({ tlsCert: files.tlsCert }), ADMIN, 'belong together'],
  ['a key alone', () => ({ tlsKey: files.tlsKey }), ADMIN, 'belong together'],
  ['users without TLS', () => ({ users: files.users }), {}, '--users needs --tls-cert'],
  ['nobody', () => ({ ...files, users: undefined }), {}, 'nobody could sign in'],
  ['no such file', () => ({ ...files, tlsKey: '/nowhere' }), ADMIN, '--tls-key: cannot be read'],
  ['no such users', () => ({ ...files, users: '/nowhere' }), ADMIN, '--users: cannot be read'],
  ['a file of something else', () => ({ ...files, users: files.tlsKey }), ADMIN, 'is no JSON'],
  [
    'a short password',
    () => files,
    { EVENTSTORE_DEFAULT_OPS_PASSWORD: 'hunter2' },
    'EVENTSTORE_DEFAULT_OPS_PASSWORD: a password has at least 8 characters',
  ],
  [
    'two passwords of one user',
    () => ({ ...files, users: join(folder, 'admin.json') }),
    ADMIN,
    'admin has a password in the users file and in the environment',
  ],
])('%s is refused', async (_what, asked, env, expected) => {
  const error = await securityOf(asked(), env, quiet).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  expect(String(error)).toContain(expected);
  expect(String(error)).not.toContain('hunter2');
});
