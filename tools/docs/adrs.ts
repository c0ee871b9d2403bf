import { readPage } from './markdown.ts';

const folder = 'docs/adr/';
const index = `${folder}README.md`;
const sections = ['Status', 'Context', 'Decision', 'Consequences'];
const statuses = /^(Proposed|Accepted|Rejected|Deprecated|Superseded by \[)/;

/** What an architecture decision record lacks, as `file: what`. */
export async function adrProblems(
  files: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<string[]> {
  const records = files.filter((file) => file.startsWith(folder) && file !== index).sort();
  if (records.length === 0) return [];
  const listed = files.includes(index) ? await read(index) : '';
  const problems: string[] = [];
  for (const [place, file] of records.entries()) {
    const name = file.slice(folder.length);
    const number = /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1];
    if (number === undefined) problems.push(`${file}: its name is not NNNN-what-was-decided.md`);
    else if (Number(number) !== place + 1) problems.push(`${file}: number ${place + 1} is missing`);
    if (!listed.includes(`(${name})`)) problems.push(`${file}: ${index} does not list it`);
    problems.push(...recordProblems(await read(file)).map((what) => `${file}: ${what}`));
  }
  return problems;
}

function recordProblems(text: string): string[] {
  const { headings } = readPage(text);
  const status = /^## Status\s+(.+)$/m.exec(text)?.[1] ?? '';
  return [
    ...sections.filter((name) => !headings.includes(name)).map((name) => `has no "## ${name}"`),
    ...(/^Date: \d{4}-\d{2}-\d{2}$/m.test(text) ? [] : ['has no "Date: YYYY-MM-DD"']),
    ...(statuses.test(status)
      ? []
      : [`its status "${status}" is none of Proposed, Accepted, Rejected, Deprecated, Superseded`]),
  ];
}
