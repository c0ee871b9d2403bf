import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { projectFiles } from '../../tools/check/files.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { isAsPrinted, outputsOf, scriptOf } from '../walkthrough/blocks.ts';
import { applyHunks, isMeantToFail, type RecipeStep, readRecipe, shownOf } from './recipe.ts';

const root = new URL('../..', import.meta.url).pathname;
// In the order in which a reader does them: the second goes on where the first ends.
const pages = ['docs/how-to/add-a-command.md', 'docs/how-to/add-a-read-model.md'];
const steps = pages.flatMap((page) =>
  readRecipe(readFileSync(join(root, page), 'utf8')).map((step) => ({ page, ...step })),
);
const START = 'npm start';
/** What the compiler remembers of the last check. */
const COMPILED = join(root, 'node_modules/.cache/check.tsbuildinfo');
const started = steps.findIndex((step) => step.kind === 'run' && step.shell.trim() === START);
const building = steps.slice(0, started);
const trying = steps.slice(started + 1).filter((step) => step.kind === 'run');
const nameOf = ({ page, line }: { page: string; line: number }) => `${page}:${line}`;

/** A clone as a reader has it: what a commit of now would hold, with the packages. */
let clone: string;
let platform: TestPlatform | undefined;
beforeAll(async () => {
  clone = mkdtempSync(join(tmpdir(), 'pawprint-how-to-'));
  for (const file of await projectFiles(root)) {
    cpSync(join(root, file), join(clone, file), { recursive: true });
  }
  // The checks ask git which files there are.
  execFileSync('git', ['init', '--quiet'], { cwd: clone });
  borrowPackages();
});
afterAll(async () => {
  await platform?.stop();
  removeFolder(clone);
});

test('there is something to do on each page', () => {
  expect(started).toBeGreaterThan(0);
  expect(trying.length).toBe(steps.length - started - 1);
  for (const page of pages) expect(building.filter((step) => step.page === page)).not.toEqual([]);
});

/** From nothing the compiler takes as long as all the rest; `.ci/run` has run the check by then. */
const isCostly = (step: RecipeStep): boolean =>
  step.kind === 'run' && step.shell.includes('--only types') && !existsSync(COMPILED);

/** The step that a page got stuck at: whatever follows would fail because of it, and mislead. */
let stuck: string | undefined;
test.for(building.map((step) => ({ name: nameOf(step), step })))(
  '$name',
  { timeout: 240_000 },
  async ({ name, step }, context) => {
    if (isCostly(step)) context.skip('types: not checked here before `npm run check` was run');
    if (stuck !== undefined) throw new Error(`not tried: ${stuck} failed, look there`);
    try {
      await follow(step);
    } catch (error) {
      stuck = name;
      throw error;
    }
  },
);

test('what was added works on a platform of the clone', async () => {
  if (stuck !== undefined) throw new Error(`not tried: ${stuck} failed, look there`);
  platform = await startPlatform({ root: clone });
  const mark = '=== step';
  const { code, output, errors } = await shell(scriptOf(trying, mark), {
    WRITE: platform.writeUrl,
    READ: platform.readUrl,
    DATA: platform.dataDir,
  });
  expect([code, outputsOf(output, mark).length], errors).toEqual([0, trying.length]);
  for (const [index, step] of trying.entries()) {
    show(outputsOf(output, mark)[index] ?? '', step.output ?? '', nameOf(step));
  }
}, 180_000);

async function follow(step: RecipeStep): Promise<void> {
  if (step.kind === 'run') {
    const { code, output, errors } = await shell(step.shell);
    expect(code === 0, `${output}${errors}`).toBe(!isMeantToFail(step.shell));
    show(output, step.output ?? '', `${output}${errors}`);
    return;
  }
  const file = join(clone, step.file);
  mkdirSync(dirname(file), { recursive: true });
  if (step.kind === 'write') writeFileSync(file, step.content, { flag: 'wx' });
  else writeFileSync(file, applyHunks(readFileSync(file, 'utf8'), step.hunks, step.file));
}

/**
 * The packages by hard links: what the compiler remembers of this tree (by the places of files) then
 * holds in the clone, and it checks what the pages change instead of everything. Whatever tools write
 * in there is a copy, but for what vitest remembers: that holds in this tree alone, and the runs beside
 * this one write it meanwhile. On another file system it is one symbolic link, and the compiler begins
 * anew.
 */
function borrowPackages(): void {
  const [packages, borrowed] = [join(root, 'node_modules'), join(clone, 'node_modules')];
  const { status } = spawnSync('cp', ['--archive', '--link', packages, borrowed]);
  if (status !== 0) {
    removeFolder(borrowed);
    symlinkSync(packages, borrowed);
    // `.gitignore` means the folder, and here it is a link.
    writeFileSync(join(clone, '.git/info/exclude'), 'node_modules\n');
    return;
  }
  const written = readdirSync(packages).filter((name) => /^\.(?!bin$)/.test(name));
  for (const name of written) {
    removeFolder(join(borrowed, name));
    if (name.startsWith('.vite')) continue;
    cpSync(join(packages, name), join(borrowed, name), { recursive: true });
  }
}

/** Compared as text where they differ, so that a failure shows both. */
function show(output: string, expected: string, hint: string): void {
  const { shown, wanted } = shownOf(output, expected);
  if (!isAsPrinted(shown, wanted)) expect(shown, hint).toBe(wanted);
}

/** In one bash in the clone, as somebody would paste it. */
async function shell(script: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn('bash', ['-e', '-c', script], {
    cwd: clone,
    // The runs of the page need no Postgres of their own each.
    env: { ...withoutRunner(), TEST_POSTGRES_URL: inject('postgresUrl'), ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const code = await ended;
  return { code, output: stripVTControlCharacters(output), errors };
}

/** A runner inside of a runner must not take itself for one of its workers. */
function withoutRunner(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(VITEST|TEST$|NODE_ENV|FORCE_COLOR)/.test(name),
    ),
  );
}
