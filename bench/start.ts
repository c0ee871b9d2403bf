/**
 * How long `npm start` takes: from exec until both APIs are ready, with first-time set-up and again,
 * in a fresh clone in a folder of mode 0700, as root and as an ordinary user made for it.
 *
 *   node bench/start.ts [--runs 5] [--user NAME]
 *
 * Needs root (it makes a user), git and npm. Ends with 1 when a start failed or left a process.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir, totalmem, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { processesOf } from '../test/support/processes.ts';
import { removeFolder } from '../test/support/remove-folder.ts';

type Account = { name: string; uid: number; gid: number; home: string };
type Row = { user: string; start: string; ms: number[] };

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    user: { type: 'string', default: 'pawprint-bench' },
  },
});
const runs = Number(values.runs);
const repository = join(import.meta.dirname, '..');
const READY_WITHIN_MS = 120_000;
const GONE_WITHIN_MS = 10_000;

const run = (command: string, args: string[], cwd = repository) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** The environment of a person who has just logged in: nothing of this process's own. */
const environmentOf = ({ name, home }: Account): NodeJS.ProcessEnv => ({
  ...{ HOME: home, USER: name, LOGNAME: name, LANG: 'C.UTF-8' },
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
});

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port is free');
    return address.port;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function untilReady(urls: readonly string[], child: ChildProcess): Promise<void> {
  const since = performance.now();
  for (const url of urls) {
    for (;;) {
      const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.status === 200) break;
      if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`);
      if (performance.now() - since > READY_WITHIN_MS) throw new Error(`${url} is not ready`);
      await delay(10);
    }
  }
}

/** One start and one Ctrl-C, as a terminal would send it. */
async function startOnce(clone: string, account: Account): Promise<number> {
  const [write, read] = await freePorts(2);
  const said: string[] = [];
  const execAt = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env: {
      ...environmentOf(account),
      WRITE_API_PORT: String(write),
      READ_API_PORT: String(read),
    },
    uid: account.uid,
    gid: account.gid,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
  }
  const ended = once(child, 'exit');
  try {
    await untilReady([`http://127.0.0.1:${write}`, `http://127.0.0.1:${read}`], child);
    return performance.now() - execAt;
  } catch (error) {
    throw new Error(`as ${account.name}:\n${said.join('')}`, { cause: error });
  } finally {
    if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGINT');
    await ended;
    await untilNothingRuns(clone);
  }
}

async function untilNothingRuns(clone: string): Promise<void> {
  for (const since = performance.now(); ; await delay(20)) {
    const left = processesOf(clone);
    if (left.length === 0) return;
    if (performance.now() - since < GONE_WITHIN_MS) continue;
    throw new Error(
      `Ctrl-C left:\n${left.map(({ pid, command }) => `${pid} ${command}`).join('\n')}`,
    );
  }
}

async function measure(account: Account): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pawprint-bench-start-'));
  chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o700);
  const clone = join(folder, 'clone');
  const as = (command: string, args: string[], cwd: string) =>
    execFileSync(command, args, {
      ...{ cwd, uid: account.uid, gid: account.gid, env: environmentOf(account) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  try {
    // Cloned by root and given away: the user may not read the repository this runs in.
    run('git', ['clone', '--quiet', '--no-hardlinks', repository, clone]);
    run('chown', ['-R', `${account.uid}:${account.gid}`, clone]);
    chmodSync(clone, 0o700);
    const since = performance.now();
    as('npm', ['ci', '--no-progress', '--loglevel=error'], clone);
    const install = [performance.now() - since];
    const first: number[] = [];
    const second: number[] = [];
    for (let index = 0; index < runs; index += 1) {
      removeFolder(join(clone, '.data'));
      first.push(await startOnce(clone, account));
      second.push(await startOnce(clone, account));
    }
    return [
      { user: account.name, start: 'npm ci', ms: install },
      { user: account.name, start: 'first start', ms: first },
      { user: account.name, start: 'second start', ms: second },
    ];
  } finally {
    removeFolder(folder);
  }
}

async function withUser<T>(name: string, work: (account: Account) => Promise<T>): Promise<T> {
  run('useradd', ['--create-home', '--shell', '/bin/sh', name]);
  try {
    const id = (flag: string) => Number(run('id', [flag, name]).trim());
    return await work({ name, uid: id('-u'), gid: id('-g'), home: `/home/${name}` });
  } finally {
    // It complains about a mail spool that was never there.
    execFileSync('userdel', ['--remove', name], { stdio: 'ignore' });
  }
}

function median(ms: readonly number[]): number {
  const sorted = [...ms].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const root: Account = { name: 'root', uid: 0, gid: 0, home: userInfo().homedir };
const seconds = (ms: number) => (ms / 1000).toFixed(2);
const rows = [...(await measure(root)), ...(await withUser(values.user, measure))];
// Outside is what a newcomer has, not what this runs on.
const node = execFileSync('node', ['--version'], {
  env: environmentOf(root),
  encoding: 'utf8',
}).trim();
const memory = Math.round(totalmem() / 2 ** 30);
console.log(`${cpus().length} cores (${cpus()[0]?.model}), ${memory} GB, node ${node} outside`);
console.log('| user | what | median | all |\n|---|---|---:|---|');
for (const { user, start, ms } of rows) {
  console.log(`| ${user} | ${start} | ${seconds(median(ms))} s | ${ms.map(seconds).join(', ')} |`);
}
