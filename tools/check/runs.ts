import { fileURLToPath } from 'node:url';
import { isSpec, projectFiles, typescriptFiles } from './files.ts';
import type { Failure } from './import-all.ts';
import { count, type Outcome, runTool, type Step, type StepContext } from './step.ts';

const importer = fileURLToPath(new URL('./import-all.ts', import.meta.url));

/**
 * vitest compiles `enum`, parameter properties and paths without an ending; Node, which runs the
 * platform, does not. So every file is stripped as Node would do it, and every module of a layer is
 * imported by plain Node. What does something when it is run (bin, specs and their fixtures,
 * benchmarks, tools) is only stripped.
 */
export const runs: Step = {
  name: 'runs',
  what: 'plain Node can run every .ts file: erasable syntax, resolvable imports, no side effects',
  run: checkRuns,
};

const layers =
  /^(domain|commands|projections|sagas|exporters|write-api|read-api|platform|embedded)\//;

async function checkRuns({ root }: StepContext): Promise<Outcome> {
  const files = typescriptFiles(await projectFiles(root));
  const modules = files.filter(
    (file) => layers.test(file) && !isSpec(file) && !file.includes('/_fixtures/'),
  );
  const failures = await tryAll(root, { strip: files, import: modules });
  const summary = `${count(files.length, 'file')}, ${modules.length} imported`;
  if (failures.length === 0) return { ok: true, summary };
  return {
    ok: false,
    summary: `${summary}, ${count(failures.length, 'failure')}`,
    output: failures.map(({ file, reason }) => `  ${file}\n    ${reason}`).join('\n'),
    advice:
      'Node removes types and changes nothing else: a union of literals instead of `enum`, fields instead of parameter properties, `.ts` in import paths, `import type` for types. A module must not start anything when it is imported.',
  };
}

async function tryAll(root: string, job: { strip: string[]; import: string[] }) {
  const { code, output, stdout } = await runTool(
    'node',
    ['--disable-warning=ExperimentalWarning', importer],
    { cwd: root, input: JSON.stringify(job) },
  );
  const report = /^REPORT (.*)$/m.exec(stdout)?.[1];
  if (report === undefined) {
    throw new Error(`the importing process ended early with code ${code}:\n${output}`);
  }
  return JSON.parse(report) as Failure[];
}
