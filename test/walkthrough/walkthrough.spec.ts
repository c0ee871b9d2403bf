import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectFiles } from '../../tools/check/files.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { BEGIN, isAsPrinted, outputsOf, readSteps, type Step, scriptOf } from './blocks.ts';

const root = new URL('../..', import.meta.url).pathname;
const pages = (await projectFiles(root))
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
  .filter(({ text }) => text.split('\n').includes(BEGIN))
  .map(({ file, text }) => ({ file, steps: readSteps(text) }));
const mark = '=== step';
const PATIENCE_MS = 90_000;

// One platform for all of them, as a reader has it who goes from page to page.
let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform({ env: { STRIPE_STATEMENT_POLL_SECONDS: '1' } });
});
afterAll(() => platform?.stop());

test('the pages whose lines are run are found by their marker', () => {
  expect(pages.map(({ file }) => file)).toContain('README.md');
});

describe.each(pages)('the lines of $file', ({ steps }) => {
  let outputs: string[] = [];
  let said = '';

  beforeAll(async () => {
    const { stdout, stderr } = await run(scriptOf(steps, mark), {
      WRITE: platform.writeUrl,
      READ: platform.readUrl,
      STRIPE: platform.stripeUrl,
      MAIL: platform.mailboxUrl,
      DATA: platform.dataDir,
      DATABASE: platform.databaseUrl,
      EVENTSTORE: platform.eventStoreUrl,
    });
    outputs = outputsOf(stdout, mark);
    said = stderr;
  }, PATIENCE_MS + 10_000);

  test('runs to its end without a complaint', () => {
    expect(said).toBe('');
    expect(outputs).toHaveLength(steps.length);
  });

  test.each(steps.map((step, index) => [step.line, index, step] as const))(
    'line %i prints what stands below it',
    (_line, index, { output }) => {
      const actual = outputs[index] ?? 'nothing: the step was not reached';
      // The text as printed and not a match, so that a failure shows both.
      if (!isAsPrinted(actual, output ?? '')) expect(actual).toBe((output ?? '').trim());
      if (output !== null) expect(isAsPrinted(actual, spoiled(output))).toBe(false);
    },
  );
});

test('a step is what stands in the page, with what it prints', () => {
  const page = [
    ...[
      '# A page',
      '',
      '```sh',
      'not this',
      '```',
      '<!-- walkthrough -->',
      '```sh',
      'echo a',
      '```',
    ],
    ...['Then:', '```text', 'a', '```', '```sh', 'X=1', '```', '<!-- /walkthrough -->', ''],
  ].join('\n');
  const found: Step[] = [
    { line: 7, shell: 'echo a\n', output: 'a\n' },
    { line: 14, shell: 'X=1\n', output: null },
  ];
  expect(readSteps(page)).toEqual(found);
  expect(outputsOf('=== step 0\na\n=== step 1\n', mark)).toEqual(['a', '']);
});

test('output is as printed to the letter, but for what differs each time', () => {
  expect(isAsPrinted('409 already-checked-in 2027-05-01', '409 already-checked-in …')).toBe(true);
  expect(isAsPrinted('409 sold-out 2027-05-01', '409 already-checked-in …')).toBe(false);
  expect(isAsPrinted('[ 1 ]\nmore', '[ 1 ]')).toBe(false);
  expect(isAsPrinted('a\nb', '…')).toBe(false);
});

/** What a reader would notice: another first letter or figure. */
function spoiled(output: string): string {
  return output.replace(/[\p{L}\p{N}]/u, (sign) => (sign === 'x' ? 'y' : 'x'));
}

/** In one bash, as somebody would paste it. A step that waits for ever is ended. */
async function run(script: string, env: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'pawprint-walkthrough-'));
  const file = join(folder, 'walkthrough.sh');
  writeFileSync(file, script);
  const child = spawn('bash', [file], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(child, 'close');
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, PATIENCE_MS);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  clearTimeout(timer);
  removeFolder(folder);
  return { stdout, stderr };
}
