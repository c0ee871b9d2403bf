import { anchor, code, page, table } from './markdown.ts';

type Rulebook = readonly {
  readonly chapter: string;
  readonly rules: readonly { readonly id: string; readonly says: string }[];
}[];
type Subjects = Readonly<
  Record<string, readonly { readonly rules: readonly string[]; readonly title: string }[]>
>;

/** Every rule of the event store's contract, and the cases that show it. */
export function eventStoreRulesPage(rulebook: Rulebook, subjects: Subjects): string {
  const cases = Object.entries(subjects).flatMap(([file, those]) =>
    those.map(({ rules, title }) => ({ file, rules, title })),
  );
  const shownBy = (id: string) => {
    const byFile = Map.groupBy(
      cases.filter(({ rules }) => rules.includes(id)),
      ({ file }) => file,
    );
    return [...byFile]
      .map(([file, those]) => `${link(file)}: ${those.map(({ title }) => code(title)).join(', ')}`)
      .join('<br>');
  };
  const count = rulebook.reduce((sum, { rules }) => sum + rules.length, 0);
  return page(
    'Rules of the event store',
    '`test/event-store/rules.ts` and `test/event-store/cases/`',
    `What an event store has to do so that nobody can tell it from EventStoreDB 24.6: ${count} rules, and the ${cases.length} cases that show them. A case may show several. They run against [our node](../../embedded/event-store/README.md) fresh, killed and started again between writing and looking, and without any cache, and against a real server; those about TLS, users and access lists, and about projections, on a node that has them ([how](../../test/event-store/README.md)).`,
    rulebook.map(({ chapter }) => `[${chapter}](#${anchor(chapter)})`).join(' · '),
    ...rulebook.map(({ chapter, rules }) =>
      [
        `## ${chapter}`,
        table(
          ['rule', 'says', 'shown by'],
          rules.map(({ id, says }) => [code(id), says, shownBy(id)]),
        ),
      ].join('\n\n'),
    ),
  );
}

const link = (file: string) => `[${file}](../../test/event-store/cases/${file}.ts)`;
