import { adrProblems } from '../docs/adrs.ts';
import { brokenLinks, orphanPages } from '../docs/links.ts';
import { misquotes } from '../docs/quotes.ts';
import { isText, machineWords } from '../docs/words.ts';
import { projectFiles, readText } from './files.ts';
import { count, type Outcome, type Step, type StepContext } from './step.ts';

export const docs: Step = {
  name: 'docs',
  what: 'a README per layer and aggregate, links that lead somewhere, complete ADRs, current pages',
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
    ['Folders that their layer does not name', await unnamedFolders(files, read)],
    ['Links', await brokenLinks(root, files, read)],
    ['Pages that nobody finds', await orphanPages(files, read)],
    ['Architecture decision records', await adrProblems(files, read)],
    ['Words', words.flat()],
    ['Quoted code', await misquotes(root, files.filter(isManual), read)],
    ['Generated pages', await staleLines(root, files)],
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

/** What people read to learn: the pages whose code is quoted from the tree. */
function isManual(file: string): boolean {
  return /^(docs\/.*|README)\.md$/.test(file);
}

/** Pages that the definitions would write otherwise, in a tree that has what writes them. */
async function staleLines(root: string, files: readonly string[]): Promise<string[]> {
  if (!files.includes('tools/docs/generated.ts')) return [];
  // It loads every definition: only here, so that one that does not load is a red step of its own.
  const { staleFiles } = await import('../docs/generated.ts');
  const stale = await staleFiles(root);
  return stale.map(
    (file) => `${file} is not what the definitions say: run \`npm run docs:generate\``,
  );
}

/** Layers whose README has a table of what stands in them. */
const listing = ['domain', 'projections', 'sagas', 'exporters', 'embedded'];

/** Folders that a reader of the layer's README would not know of. */
async function unnamedFolders(
  files: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<string[]> {
  const found: string[] = [];
  for (const layer of listing.filter((each) => files.includes(`${each}/README.md`))) {
    const readme = await read(`${layer}/README.md`);
    const inside = files.flatMap((file) => file.match(`^${layer}/([a-z][^/]*)/`)?.[1] ?? []);
    for (const name of new Set(inside)) {
      const named = readme.includes(`\`${name}/`) || readme.includes(`[${name}](`);
      if (!named) found.push(`${layer}/README.md does not name ${name}/`);
    }
  }
  return found;
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
