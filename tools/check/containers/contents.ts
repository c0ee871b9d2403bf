import { dirname, join, matchesGlob } from 'node:path/posix';
import ts from 'typescript';
import { copies, entryOf, lineage, type Stage, unwanted } from './dockerfile.ts';

/** Whether the builder gets a file: the last line of .dockerignore that fits it decides. */
export function isSent(ignore: string, file: string): boolean {
  const folders = file.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
  return ignore
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .reduce((sent, line) => {
      const pattern = line.replace(/^!/, '').replace(/\/$/, '');
      const fits = folders.some((path) => path === pattern || matchesGlob(path, pattern));
      return fits ? line.startsWith('!') : sent;
    }, true);
}

/** Where a file of the repository is in the image; undefined when it is not there. */
export function placeInImage(
  copied: readonly (readonly [from: string, to: string])[],
  file: string,
): string | undefined {
  return copied
    .filter(([from]) => file === from || file.startsWith(`${from}/`))
    .map(([from, to]) => `${to}${file.slice(from.length)}`)
    .at(-1);
}

/** Every file of the repository that a program loads, now or later, and the packages it names. */
export async function reachable(
  entry: string,
  read: (file: string) => Promise<string>,
): Promise<{ files: Set<string>; packages: Set<string> }> {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    const { importedFiles } = ts.preProcessFile(await read(file), true, true);
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith('.')) files.add(join(dirname(file), fileName));
      else if (!fileName.startsWith('node:')) packages.add(packageOf(fileName));
    }
  }
  return { files, packages };
}

/** `@scope/name/part` → `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

type Tree = {
  readonly files: readonly string[];
  /** The text of .dockerignore. */
  readonly ignore: string;
  read(file: string): Promise<string>;
};

/** Whatever a target's program loads is in its image, and only packages that are there too. */
export async function contentProblems(
  stages: readonly Stage[],
  targets: ReadonlySet<string>,
  tree: Tree,
): Promise<string[]> {
  const problems: string[] = [];
  for (const target of targets) {
    const chain = lineage(stages, target);
    const entry = entryOf(chain);
    if (entry === undefined) continue;
    const found = tree.files.includes(entry)
      ? await programProblems(entry, chain, tree)
      : [`${entry} is not there`];
    problems.push(...found.map((problem) => `${target}: ${problem}`));
  }
  return problems;
}

async function programProblems(
  entry: string,
  chain: readonly Stage[],
  { files, ignore, read }: Tree,
): Promise<string[]> {
  const copied = copies(chain);
  const sent = files.filter((file) => isSent(ignore, file));
  const loaded = await reachable(entry, read);
  const empty = copied
    .map(([from]) => from)
    .filter((from) => !sent.some((file) => file === from || file.startsWith(`${from}/`)))
    .map((from) => `copies ${from}, of which .dockerignore lets nothing through`);
  const missing = [...loaded.files].flatMap((file) => {
    if (placeInImage(copied, file) !== file) return [`${file} is not copied`];
    return isSent(ignore, file) ? [] : [`.dockerignore keeps ${file} back`];
  });
  const packages = unwanted
    .filter((name) => loaded.packages.has(name))
    .map((name) => `${entry} loads the package ${name}, which the image does not have`);
  return [...empty, ...missing, ...packages];
}
