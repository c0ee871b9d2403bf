import { stripVTControlCharacters } from 'node:util';
import { count, type Outcome, runTool, type Step } from './step.ts';

const layoutAdvice =
  '`npm run format` writes the layout, sorts imports and applies the safe fixes.';

export const format: Step = {
  name: 'format',
  what: 'Biome: layout and import order',
  run: async ({ root, color }) =>
    biome(
      root,
      ['check', '--linter-enabled=false', '--reporter=summary', ...options(color), '.'],
      layoutAdvice,
    ),
};

export const lint: Step = {
  name: 'lint',
  what: 'Biome: what the type checker cannot see; warnings are shown and do not fail',
  run: async ({ root, color }) =>
    biome(
      root,
      ['lint', ...options(color), '.'],
      'Each finding names its rule: `npx biome explain <rule>` says why it exists.',
    ),
};

function options(color: boolean): string[] {
  return [
    `--colors=${color ? 'force' : 'off'}`,
    '--max-diagnostics=50',
    '--no-errors-on-unmatched',
  ];
}

async function biome(root: string, args: readonly string[], advice: string): Promise<Outcome> {
  const { code, output } = await runTool('biome', args, { cwd: root });
  const summary = summaryOf(output);
  if (code !== 0) return { ok: false, summary, output: await errorsOf(root, args), advice };
  const warnings = warningsOf(output);
  return warnings === '' ? { ok: true, summary } : { ok: true, summary, output: warnings };
}

/** The errors alone: what made the step red must not drown in warnings. */
async function errorsOf(root: string, args: readonly string[]): Promise<string> {
  const { output } = await runTool('biome', [...args, '--diagnostic-level=error'], { cwd: root });
  return output;
}

/** `commands/enroll.ts:8:3 lint/complexity/useMaxParams`: where and which rule, no more. */
function warningsOf(output: string): string {
  const places = stripVTControlCharacters(output).matchAll(/^(\S+:\d+:\d+) (lint\/\S+|plugin)/gm);
  return [...places].map(([, place, rule]) => `  ${place} ${rule}`).join('\n');
}

/** Biome ends with `Checked 14 files in 206ms.` and `Found 2 errors.` / `Found 1 warning.` */
function summaryOf(colored: string): string {
  const output = stripVTControlCharacters(colored);
  const files = /Checked (\d+) files?/.exec(output)?.[1];
  const found = [...output.matchAll(/^Found (\d+ (?:error|warning)s?)\.$/gm)].map((m) => m[1]);
  return [count(Number(files ?? 0), 'file'), ...found].join(', ');
}
