import { fileURLToPath } from 'node:url';
import type { ICruiseResult, IViolation } from 'dependency-cruiser';
import ts from 'typescript';
import { projectFiles, readText, typescriptFiles } from './files.ts';
import { count, type Outcome, runTool, type Step, type StepContext } from './step.ts';

const config = fileURLToPath(new URL('../../.dependency-cruiser.mjs', import.meta.url));

export const architecture: Step = {
  name: 'architecture',
  what: 'dependency-cruiser: who may import whom, and why',
  run: checkArchitecture,
};

/** The part of the cruiser's answer that is looked at. */
export type Cruise = {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly module: string }[];
  }[];
  readonly summary: Pick<
    ICruiseResult['summary'],
    'violations' | 'ruleSetUsed' | 'totalDependenciesCruised'
  >;
};

async function checkArchitecture({ root }: StepContext): Promise<Outcome> {
  const sources = typescriptFiles(await projectFiles(root));
  return judge(root, sources, await cruise(root, sources));
}

/** Exported for its spec: the verdict on what the cruiser says it saw. */
export async function judge(
  root: string,
  sources: readonly string[],
  result: Cruise,
): Promise<Outcome> {
  const blind = await unread(root, sources, result.modules);
  if (blind.length > 0) return blindness(sources.length, blind);
  const modules = count(sources.length, 'module');
  const { violations } = result.summary;
  if (violations.length > 0) {
    return {
      ok: false,
      summary: `${modules}, ${count(violations.length, 'wrong arrow')}`,
      output: explain(result, violations),
      advice:
        'Move the code to the layer that may know this, or hand the value in. A rule that is wrong is changed in .dependency-cruiser.mjs, with an ADR.',
    };
  }
  return { ok: true, summary: `${modules}, ${result.summary.totalDependenciesCruised} arrows` };
}

async function cruise(root: string, sources: readonly string[]): Promise<ICruiseResult> {
  const scripts = (await projectFiles(root)).filter((file) => /^(?!\.).*\.mjs$/.test(file));
  const { output, stdout } = await runTool(
    'depcruise',
    ['--config', config, '--output-type', 'json', ...sources, ...scripts],
    { cwd: root },
  );
  try {
    return JSON.parse(stdout) as ICruiseResult;
  } catch (cause) {
    throw new Error(`dependency-cruiser did not answer with JSON:\n${output}`, { cause });
  }
}

/**
 * The cruiser exits with 0 when it cannot read TypeScript at all (18.7 with TypeScript 7), so what
 * it read is compared with what is there: every source file, and every relative import that the
 * compiler's own scanner finds in it.
 */
async function unread(
  root: string,
  sources: readonly string[],
  modules: Cruise['modules'],
): Promise<string[]> {
  const seen = new Map(
    modules.map(({ source, dependencies }) => [source, new Set(dependencies.map((d) => d.module))]),
  );
  const blind: string[] = [];
  for (const file of sources) {
    const known = seen.get(file);
    const imports = known === undefined ? [] : await relativeImports(root, file);
    const missed = imports.filter((specifier) => !known?.has(specifier));
    if (known === undefined) blind.push(`${file}: not read`);
    else if (missed.length > 0)
      blind.push(`${file}: did not see the import of ${missed.join(', ')}`);
  }
  return blind;
}

async function relativeImports(root: string, file: string): Promise<string[]> {
  const { importedFiles } = ts.preProcessFile(await readText(root, file), true, true);
  return importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'));
}

function blindness(total: number, blind: readonly string[]): Outcome {
  return {
    ok: false,
    summary: `read ${total - blind.length} of ${count(total, 'module')}`,
    output: blind.slice(0, 20).join('\n'),
    advice:
      'The rules were not checked for these files. dependency-cruiser and TypeScript have to fit each other: see the versions in package.json (18.7.2 reads nothing under TypeScript 7 and still exits with 0).',
  };
}

function explain({ summary }: Cruise, violations: readonly IViolation[]): string {
  const why = new Map(summary.ruleSetUsed?.forbidden?.map((rule) => [rule.name, rule.comment]));
  const byRule = Map.groupBy(violations, ({ rule }) => rule.name);
  return [...byRule]
    .map(([name, found]) =>
      [
        ...found.map((violation) => `  ${arrow(violation)}`),
        `  ${name}: ${why.get(name) ?? 'no reason given'}`,
      ].join('\n'),
    )
    .join('\n\n');
}

function arrow({ from, to, cycle }: IViolation): string {
  if (cycle !== undefined) return `${from} → ${cycle.map(({ name }) => name).join(' → ')}`;
  return from === to ? from : `${from} → ${to}`;
}
