import { statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type Page, readPage } from './markdown.ts';

/** Links inside of the repository that lead nowhere, as `file:line: why`. */
export async function brokenLinks(
  root: string,
  files: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<string[]> {
  const pages = await readPages(files, read);
  const exists = existing(root, files);
  return [...pages].flatMap(([file, page]) =>
    page.links.flatMap(({ target, line }) => {
      const why = broken(file, target, pages, exists);
      return why === undefined ? [] : [`${file}:${line}: ${why}`];
    }),
  );
}

/** Where a reader begins. */
const FRONT = 'README.md';

/** What is written to be read: other Markdown is data, such as the articles of the demo. */
const isPage = (file: string): boolean => /^(docs\/.*|[^/]*|(.*\/)?README)\.md$/.test(file);

/** Pages that nobody finds who begins at the README and follows links, in trees that have one. */
export async function orphanPages(
  files: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<string[]> {
  const pages = await readPages(files, read);
  if (!pages.has(FRONT)) return [];
  const found = new Set([FRONT]);
  // A set is walked in the order of its insertions, those that are made on the way too.
  for (const file of found) {
    for (const { target } of pages.get(file)?.links ?? []) {
      const path = fileOf(file, target.split('#', 1)[0] ?? '').replace(/\/$/, '');
      for (const page of [path, join(path, 'README.md')]) if (pages.has(page)) found.add(page);
    }
  }
  return [...pages.keys()]
    .filter((file) => isPage(file) && !found.has(file))
    .map((file) => `${file}: no link leads here from ${FRONT}`);
}

async function readPages(
  files: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<Map<string, Page>> {
  const pages = new Map<string, Page>();
  for (const file of files.filter((name) => name.endsWith('.md'))) {
    pages.set(file, readPage(await read(file)));
  }
  return pages;
}

const fileOf = (from: string, path: string): string =>
  path === '' ? from : normalize(join(dirname(from), decodeURIComponent(path)));

function broken(
  from: string,
  target: string,
  pages: ReadonlyMap<string, Page>,
  exists: (path: string) => boolean,
): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  if (target.startsWith('/')) return `${target} is absolute; write it relative to this file`;
  const [path = '', anchor] = target.split('#', 2);
  const file = fileOf(from, path);
  if (!exists(file)) return `${target} leads nowhere (there is no ${file})`;
  const page = pages.get(file) ?? pages.get(join(file, 'README.md'));
  if (anchor === undefined || anchor === '' || page === undefined) return undefined;
  return page.anchors.has(decodeURIComponent(anchor))
    ? undefined
    : `${target} leads nowhere (${file} has no heading #${anchor})`;
}

/** A file counts when a clone has it: an ignored one on this machine does not. */
function existing(root: string, files: readonly string[]): (path: string) => boolean {
  const known = new Set(files);
  for (const file of files) {
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) known.add(folder);
  }
  return (path) => {
    const clean = path.replace(/\/$/, '');
    if (clean.startsWith('..')) return false;
    return clean === '.' ? statSync(root).isDirectory() : known.has(clean);
  };
}
