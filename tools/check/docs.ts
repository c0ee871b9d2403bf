import { adrProblems } from '../docs/adrs.ts';
import { brokenLinks } from '../docs/links.ts';
import { isText, machineWords } from '../docs/words.ts';
import { projectFiles, readText } from './files.ts';
import { count, type Outcome, type Step, type StepContext } from './step.ts';

export const docs: Step = {
  name: 'docs',
  what: 'a README per layer and aggregate, links that lead somewhere, complete ADRs',
  run: checkDocs,
};

const layers = [
  ...['domain', 'commands', 'projections', 'sagas', 'exporters', 'write-api', 'read-api'],
  ...['platform', 'embedded', 'bin', 'docs', 'bench', 'test', 'tools'],
];

async function checkDocs({ root }: StepContext): Promise<Outcome> {
  const files = await projectFiles(root);
  const read = (file: string) => readText(root, file);
  const texts = files.filter(isText);
  const words = await Promise.all(texts.map(async (file) => machineWords(file, await read(file))));
  const findings: readonly [title: string, lines: readonly string[]][] = [
    ['READMEs', missingReadmes(files)],
    ['Links', await brokenLinks(root, files, read)],
    ['Architecture decision records', await adrProblems(files, read)],
    ['Words', words.flat()],
  ];
  const pages = count(files.filter((file) => file.endsWith('.md')).length, 'page');
  const found = findings.filter(([, lines]) => lines.length > 0);
  if (found.length === 0) return { ok: true, summary: pages };
  const total = found.reduce((sum, [, lines]) => sum + lines.length, 0);
  return {
    ok: false,
    summary: `${pages}, ${count(total, 'finding')}`,
    output: found
      .map(([title, lines]) => [`  ${title}:`, ...lines.map((line) => `    ${line}`)].join('\n'))
      .join('\n'),
    advice:
      'A README says what lives in its folder, what it may import, how to add one, and how to test it; CONTRIBUTING.md tells the rest.',
  };
}

/** Every layer and every aggregate that has files has a README. */
function missingReadmes(files: readonly string[]): string[] {
  const known = new Set(files);
  const aggregates = files.flatMap((file) => /^domain\/[a-z][^/]*(?=\/)/.exec(file)?.[0] ?? []);
  return [...new Set([...layers, ...aggregates])]
    .filter((folder) => files.some((file) => file.startsWith(`${folder}/`)))
    .filter((folder) => !known.has(`${folder}/README.md`))
    .map((folder) => `${folder}/ has no README.md`);
}
