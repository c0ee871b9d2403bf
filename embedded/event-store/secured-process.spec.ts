import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { selfSigned } from '../../test/support/self-signed.ts';
import { connectTo, happened, newStream, numbers, read } from './_fixtures/harness.ts';

const script = fileURLToPath(new URL('../../bin/event-store.ts', import.meta.url));

let database: TestDatabase;
let folder: string;
const at = (name: string): string => join(folder, name);
const running = new Set<ChildProcess>();

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'event-store-secured-'));
  const { cert, key } = selfSigned(['localhost']);
  await writeFile(at('node.crt'), cert);
  await writeFile(at('node.key'), key, { mode: 0o600 });
});
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
afterAll(async () => {
  removeFolder(folder);
  await database.drop();
});

const open = (args: readonly string[], env: Record<string, string> = {}) => {
  const child = fork(script, [...args], {
    silent: true,
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
};

/** A verb that ends by itself. */
const run = async (args: readonly string[], input = '', env: Record<string, string> = {}) => {
  const child = open(args, env);
  child.stdin?.end(input);
  const [out, err] = [
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
  ];
  const [code] = (await once(child, 'exit')) as [number];
  return { code, out: await out, err: await err };
};

const TLS = ['--tls-cert', 'node.crt', '--tls-key', 'node.key'];

const serve = async (args: readonly string[], env: Record<string, string> = {}) => {
  const child = open(['--port', '0', '--database-url', database.url, ...args], env);
  child.stderr?.resume();
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { child, url: `${url}&tlsCAFile=${encodeURIComponent(at('node.crt'))}` };
};
const as = (url: string, who: string): string => url.replace('://', `://${who}@`);

test('users are written with hashes, and the node lets them in', async () => {
  const user = (name: string, password: string, ...args: string[]) =>
    run(['user', name, '--users', 'users.json', ...args], `${password}\n`);
  expect(await user('admin', 'the first words')).toMatchObject({
    code: 0,
    out: 'admin: written, groups $admins\n',
  });
  await user('zoe', 'other words', '--groups', 'writers,readers');
  // A new password keeps the groups.
  expect(await user('zoe', 'zoe has words')).toMatchObject({
    out: 'zoe: written, groups writers, readers\n',
  });
  const written = await readFile(at('users.json'), 'utf8');
  expect(written).not.toContain('words');
  expect((await stat(at('users.json'))).mode & 0o777).toBe(0o600);

  const { child, url } = await serve([...TLS, '--users', 'users.json']);
  expect(url).toMatch(/^esdb:\/\/localhost:\d+\?tls=true&/);
  const stream = newStream();
  const zoe = connectTo(as(url, 'zoe:zoe%20has%20words'));
  await zoe.appendToStream(stream, happened(1));
  const before = connectTo(as(url, 'zoe:other%20words'));
  await expect(read(before.readStream(stream))).rejects.toMatchObject({ type: 'access-denied' });
  const admin = connectTo(as(url, 'admin:the%20first%20words'));
  expect(numbers(await read(admin.readStream(stream)))).toEqual([1]);
  // A log moves over TLS as well.
  const from = as(url, 'admin:the%20first%20words');
  expect(await run(['export', 'log.ndjson'], '', { EVENTSTORE_URL: from })).toMatchObject({
    code: 0,
  });
  expect(await readFile(at('log.ndjson'), 'utf8')).toContain(stream);
  child.disconnect();
  expect((await once(child, 'exit'))[0]).toBe(0);
  await Promise.all([zoe, before, admin].map((client) => client.dispose()));
});

test('the passwords of admin and ops may come from the environment', async () => {
  const { child, url } = await serve(TLS, { EVENTSTORE_DEFAULT_ADMIN_PASSWORD: 'from outside' });
  const admin = connectTo(as(url, 'admin:from%20outside'));
  const [first] = await read(admin.readAll({ maxCount: 1 }));
  expect(first?.event?.streamId).toMatch(/^\$/);
  child.disconnect();
  await once(child, 'exit');
  await admin.dispose();
});

const ENV = { EVENTSTORE_DEFAULT_ADMIN_PASSWORD: 'from outside' };
test.each([
  ['a certificate without its key', TLS.slice(0, 2), ENV, 2, 'belong together'],
  [
    'a certificate for another host',
    [...TLS, '--advertise-host', 'events.example.org'],
    ENV,
    1,
    'the certificate is for DNS:localhost, and clients are told to connect to events.example.org',
  ],
])('%s: it does not start, and says why', async (_what, args, env, code, expected) => {
  const ended = await run(['--port', '0', '--database-url', database.url, ...args], '', env);
  expect(ended).toMatchObject({ code, out: '' });
  expect(ended.err).toContain(expected);
});
