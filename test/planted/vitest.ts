import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { z } from 'zod';
import { hasCode } from '../../embedded/durable-file.ts';
import { longSpecs } from '../support/long-specs.ts';

export type TestOutcome = {
  readonly tests: readonly {
    readonly name: string;
    readonly state: 'passed' | 'failed' | 'other';
    readonly errors: string;
  }[];
  /** What went wrong outside of any test: a file that does not load, a hook, no report at all. */
  readonly broken?: string;
};

export type Asked = {
  readonly spec: string;
  /** Parts of the names of the tests to run; none for all. */
  readonly tests: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly patience?: number;
};

const MOST_MS = 300_000;

const report = z.object({
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** One spec in a process of its own, in the tree at `root`. */
export const runSpec = async (
  root: string,
  asked: Asked,
  signal: AbortSignal,
): Promise<TestOutcome> => {
  const file = join(root, '.planted-report.json');
  await rm(file, { force: true });
  const ended = await run(root, [...argumentsOf(asked), `--outputFile=${file}`], asked.env, signal);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return { tests: [], broken: `no report: ${ended}` };
  return outcomeOf(report.parse(JSON.parse(text)), ended);
};

/** Long specs stand in the configuration of `npm run faults`, all others in the usual one. */
export const isLong = (spec: string): boolean =>
  longSpecs.some((pattern) => matchesGlob(spec, pattern));

const argumentsOf = ({ spec, tests, patience }: Asked): string[] => {
  return [
    ...['run', spec, '--reporter=json'],
    ...(isLong(spec) ? ['--config', 'vitest.faults.config.ts'] : []),
    ...(tests.length > 0 ? ['-t', tests.map(RegExp.escape).join('|')] : []),
    ...(patience === undefined ? [] : [`--testTimeout=${patience}`]),
  ];
};

const states: Readonly<Record<string, 'passed' | 'failed'>> = {
  passed: 'passed',
  failed: 'failed',
};

const outcomeOf = ({ testResults }: z.infer<typeof report>, ended: string): TestOutcome => {
  const tests = testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ fullName, status, failureMessages }) => ({
      name: fullName,
      state: states[status] ?? ('other' as const),
      errors: (failureMessages ?? []).join('\n'),
    })),
  );
  const outside = testResults.map(({ message }) => message).filter((message) => message !== '');
  if (outside.length > 0) return { tests, broken: outside.join('\n') };
  return tests.length > 0 ? { tests } : { tests, broken: `no test: ${ended}` };
};

/** Runs vitest to its end, and says what it said last. */
const run = async (
  root: string,
  args: readonly string[],
  env: Asked['env'],
  signal: AbortSignal,
): Promise<string> => {
  signal.throwIfAborted();
  const { VITEST: _vitest, NODE_OPTIONS: _options, ...outer } = process.env;
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    env: { ...outer, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what a spec started ends with it.
    detached: true,
  });
  let said = '';
  const hear = (chunk: Buffer): void => {
    said = `${said}${chunk}`.slice(-4_000);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const stop = (): void => endGroup(child);
  const timer = setTimeout(stop, MOST_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return said.trim();
};

const endGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
};
