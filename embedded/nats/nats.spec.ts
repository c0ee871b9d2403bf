import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionOptions } from '../../platform/nats/index.ts';
import { natsServerForSpecs } from '../../test/support/nats.ts';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { type EmbeddedNats, findNatsServer, NatsServerUnusable, startNats } from './index.ts';
import { serversOf } from './leftover.ts';

const server = await natsServerForSpecs();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawprint-nats-spec-'));
});
afterEach(() => removeFolder(folder));

function program(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

describe('looking for a nats-server', () => {
  const says = (version: string) => `#!/bin/sh\necho "nats-server: v${version}"\n`;
  const find = (env: Record<string, string>) =>
    findNatsServer({ env, dataDir: folder, allowFetch: false });

  it('takes $NATS_SERVER before the PATH', async () => {
    const path = program('mine', says('2.11.1'));
    program('nats-server', says('2.10.0'));
    expect(await find({ NATS_SERVER: path, PATH: folder })).toEqual({
      path,
      version: '2.11.1',
      from: 'NATS_SERVER',
    });
    expect(await find({ PATH: `/nowhere:${folder}` })).toMatchObject({
      version: '2.10.0',
      from: 'PATH',
    });
  });

  it('finds none where there is none, and none where none is wanted', async () => {
    expect(await find({ PATH: '/nowhere' })).toBeNull();
    program('nats-server', says('2.10.0'));
    expect(await find({ NATS_SERVER: 'off', PATH: folder })).toBeNull();
  });

  it('refuses a $NATS_SERVER that is none or too old, and passes by one on the PATH', async () => {
    const old = program('nats-server', says('2.1.0'));
    await expect(find({ NATS_SERVER: old })).rejects.toThrow(NatsServerUnusable);
    await expect(find({ NATS_SERVER: join(folder, 'gone') })).rejects.toThrow(/NATS_SERVER/);
    expect(await find({ PATH: folder })).toBeNull();
  });
});

describe.skipIf(server === null)('a nats-server of ours', () => {
  const path = server?.path ?? '';
  const running: EmbeddedNats[] = [];
  const start = async (): Promise<EmbeddedNats> => {
    const nats = await startNats({ path, dataDir: folder });
    running.push(nats);
    return nats;
  };
  afterEach(async () => {
    await Promise.all(running.splice(0).map((nats) => nats.stop()));
  });

  it('is behind a password that no argument shows, on the loopback address', async () => {
    const nats = await start();
    const options = connectionOptions(nats.url);
    const connection = await connect(options);
    expect(connection.info?.jetstream).toBe(true);
    expect(connection.info?.host).toBe('127.0.0.1');
    await connection.close();
    await expect(connect({ servers: options.servers ?? [], reconnect: false })).rejects.toThrow(
      /authorization/i,
    );
    const password = String(options.pass);
    expect(password.length).toBeGreaterThan(40);
    expect(readFileSync(`/proc/${nats.pid}/cmdline`, 'utf8')).not.toContain(password);
    expect(statSync(join(folder, 'nats.conf')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'password')).mode & 0o777).toBe(0o600);
  });

  it('keeps its password and what was stored over a crash', async () => {
    const before = await start();
    const connection = await connect(connectionOptions(before.url));
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: 'KEPT', subjects: ['kept'] });
    await connection.jetstream().publish('kept', 'this');
    await connection.close();
    before.kill('SIGKILL');
    expect(await before.exited).toEqual({ code: null, signal: 'SIGKILL' });

    const after = await startNats({ path, dataDir: folder, port: before.port });
    running.push(after);
    expect(after.url).toBe(before.url);
    const again = await connect(connectionOptions(after.url));
    const { state } = await (await again.jetstreamManager()).streams.info('KEPT');
    await again.close();
    expect(state.messages).toBe(1);
  });

  it('ends one that an earlier run left on the same store', async () => {
    const left = await start();
    const next = await start();
    expect(await left.exited).toMatchObject({ code: 0 });
    expect(serversOf(join(folder, 'nats.conf'))).toEqual([next.pid]);
  });

  it('ends with the process that started it', async () => {
    const script = join(import.meta.dirname, '_fixtures/start-and-wait.ts');
    const parent = spawn(process.execPath, [script, path, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    expect(serversOf(join(folder, 'nats.conf'))).toHaveLength(1);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(serversOf(join(folder, 'nats.conf'))).toEqual([]), {
      timeout: 5000,
      interval: 20,
    });
  });
});
