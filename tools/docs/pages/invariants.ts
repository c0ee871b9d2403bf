import { anchor, code, page, table } from './markdown.ts';

type Bug = {
  readonly name: string;
  readonly property: string;
  readonly invariant: string;
  readonly file: string;
  readonly spec: string;
  readonly test?: string;
};

/** Every invariant that a bug is planted against, the bug, and the spec that is red with it. */
export function invariantsPage(
  properties: Readonly<Record<string, { readonly holds: string; readonly title: string }>>,
  bugs: readonly Bug[],
): string {
  return page(
    'Invariants',
    'the tables in `test/planted/bugs/`',
    `What always holds, and what shows that it is watched: for each invariant a bug that would break it, and the spec that is red when it is planted. ${bugs.length} bugs; \`npm run test:planted\` plants them one after the other ([how, and how to add one](../../test/planted/README.md)).`,
    table(
      ['property', 'what holds', 'bugs'],
      Object.entries(properties).map(([property, { title, holds }]) => [
        `[${title}](#${anchor(title)})`,
        holds,
        String(bugs.filter((bug) => bug.property === property).length),
      ]),
    ),
    ...Object.entries(properties).map(([property, { title, holds }]) =>
      [
        `## ${title}`,
        `${holds}.`,
        table(
          ['invariant', 'bug', 'planted in', 'shown by'],
          bugs
            .filter((bug) => bug.property === property)
            .map((bug) => [bug.invariant, code(bug.name), link(bug.file), shownBy(bug)]),
        ),
      ].join('\n\n'),
    ),
  );
}

const link = (file: string): string => `[${file}](../../${file})`;
const shownBy = ({ spec, test }: Bug): string =>
  test === undefined ? link(spec) : `${link(spec)}: ${code(test)}`;
