import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { endRequests } from './run.ts';

const parent = mkdtempSync(join(tmpdir(), 'pawprint-run-'));
const dataDir = join(parent, 'data');
const line = z.looseObject({
  type: z.string(),
  part: z.string().optional(),
  pid: z.number().optional(),
});
type Line = z.output<typeof line>;

type Root = { process: ChildProcess; lines: Line[]; errors: string[] };
const roots: Root[] = [];

function startRoot(mode = 'obedient', setpriv = true): Root {
  const script = join(import.meta.dirname, '_fixtures/root.ts');
  const root = spawn(process.execPath, [script, dataDir, mode, String(setpriv)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  const errors: string[] = [];
  createInterface({ input: root.stdout }).on('line', (text) =>
    lines.push(line.parse(JSON.parse(text))),
  );
  createInterface({ input: root.stderr }).on('line', (text) => errors.push(text));
  const entry = { process: root, lines, errors };
  roots.push(entry);
  return entry;
}

const until = (root: Root, found: (lines: Line[]) => boolean) =>
  vi.waitFor(() => expect(found(root.lines), JSON.stringify(root)).toBe(true), 10_000);
const isUp = (lines: Line[]) => lines.some((entry) => entry.type === 'up');
const pidsOf = (root: Root, part: string) =>
  root.lines.flatMap((entry) =>
    entry.type === 'ready' && entry.part === part && entry.pid !== undefined ? [entry.pid] : [],
  );

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

afterEach(async () => {
  for (const root of roots.splice(0)) {
    if (root.process.exitCode === null && root.process.signalCode === null) {
      root.process.kill('SIGKILL');
      await once(root.process, 'exit');
    }
    // Only a test that failed leaves any.
    const left = [...pidsOf(root, 'child'), ...pidsOf(root, 'postgres')].filter(isAlive);
    for (const pid of left) process.kill(pid, 'SIGKILL');
  }
});
afterAll(() => removeFolder(parent));

test('one Ctrl-C that npm passes on as well is one, a later one is a second', () => {
  const whatNext = endRequests();
  expect([1_000, 1_001, 1_700, 1_701, 9_000].map(whatNext)).toEqual([
    ...['stop', 'ignore', 'ignore', 'hurry', 'hurry'],
  ]);
});

test('SIGTERM stops the parts in reverse order and ends with 0', async () => {
  const root = startRoot();
  await until(root, isUp);
  root.process.kill('SIGTERM');
  expect(await once(root.process, 'exit')).toEqual([0, null]);
  const stopped = root.lines.filter((entry) => entry.type === 'stopped');
  expect(stopped.map((entry) => entry.part)).toEqual(['child', 'postgres']);
  expect(root.lines).toContainEqual(expect.objectContaining({ line: 'goodbye' }));
  expect([...pidsOf(root, 'child'), ...pidsOf(root, 'postgres')].filter(isAlive)).toEqual([]);
});

test('a second start in the folder says who has it and ends with 1, the first goes on', async () => {
  const first = startRoot();
  await until(first, isUp);
  const second = startRoot();
  expect(await once(second.process, 'exit')).toEqual([1, null]);
  expect(second.errors).toEqual([`${dataDir} is in use by process ${first.process.pid}`]);
  expect(pidsOf(first, 'postgres').every(isAlive)).toBe(true);
  expect(first.lines.some((entry) => entry.type === 'exited')).toBe(false);
});

test.each([
  { mode: 'obedient', setpriv: true },
  { mode: 'deaf', setpriv: true },
  { mode: 'obedient', setpriv: false },
])(
  'kill -9 of the supervisor leaves no process ($mode child, setpriv: $setpriv), and the next start comes up',
  async ({ mode, setpriv }) => {
    const root = startRoot(mode, setpriv);
    await until(root, isUp);
    const pids = [...pidsOf(root, 'child'), ...pidsOf(root, 'postgres')];
    expect(pids.filter(isAlive)).toHaveLength(2);
    root.process.kill('SIGKILL');
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), 5_000);
    await until(startRoot(), isUp);
  },
);

test.each(['child', 'postgres'])('a killed %s is started again', async (part) => {
  const root = startRoot();
  await until(root, isUp);
  const [pid = 0] = pidsOf(root, part);
  process.kill(pid, 'SIGKILL');
  await until(root, () => pidsOf(root, part).length === 2);
  expect(root.lines).toContainEqual(
    expect.objectContaining({
      type: 'exited',
      part,
      exit: expect.objectContaining({ signal: 'SIGKILL' }),
    }),
  );
  root.process.kill('SIGINT');
  expect(await once(root.process, 'exit')).toEqual([0, null]);
  expect([...pidsOf(root, 'child'), ...pidsOf(root, 'postgres')].filter(isAlive)).toEqual([]);
});

test('a second Ctrl-C kills a child that does not want to end', async () => {
  const root = startRoot('deaf');
  await until(root, isUp);
  root.process.kill('SIGINT');
  await until(root, (lines) => lines.some((entry) => entry.type === 'stopping'));
  const [pid = 0] = pidsOf(root, 'child');
  // The impatient press again and again.
  const press = setInterval(() => root.process.kill('SIGINT'), 100);
  expect(await once(root.process, 'exit')).toEqual([0, null]);
  clearInterval(press);
  expect(root.lines).toContainEqual(
    expect.objectContaining({ type: 'killed', part: 'child', reason: 'in a hurry' }),
  );
  expect(isAlive(pid)).toBe(false);
});

test('it ends when the npm that runs it as a script is killed', async () => {
  const script = join(import.meta.dirname, '_fixtures/root.ts');
  // As npm does it: a program that starts the script as its child and waits. Its end closes our
  // pipe, so what the script says goes to a file.
  const log = join(parent, 'npm.log');
  const source = `
    const { spawn } = require('node:child_process');
    const out = require('node:fs').openSync(${JSON.stringify(log)}, 'w');
    const child = spawn(process.execPath, ${JSON.stringify([script, dataDir])}, {
      stdio: ['ignore', out, out],
      env: { ...process.env, npm_lifecycle_event: 'start' },
    });
    console.log(child.pid);`;
  const npm = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = await once(npm.stdout, 'data');
  onTestFinished(() => {
    if (isAlive(Number(pid))) process.kill(Number(pid), 'SIGTERM');
  });
  const said = () => readFileSync(log, 'utf8').split('\n').slice(0, -1);
  const saidTypes = () => said().map((text) => line.parse(JSON.parse(text)).type);
  await vi.waitFor(() => expect(saidTypes()).toContain('up'), 10_000);
  npm.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false), 10_000);
  expect(said()).toContain(JSON.stringify({ type: 'stop', reason: 'npm is gone' }));
});

test('a part that cannot start ends the whole with 1, with its last words', async () => {
  const root = startRoot('crash');
  expect(await once(root.process, 'exit')).toEqual([1, null]);
  const error = root.lines.find((entry) => entry.type === 'error');
  expect(error?.['message']).toMatch(/child: ended with 3:[\s\S]*no such thing/);
  expect(pidsOf(root, 'postgres').filter(isAlive)).toEqual([]);
});
