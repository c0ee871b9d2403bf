import { expect, test } from 'vitest';
import { machineWords } from '../docs/words.ts';
import { plantTree } from './_fixtures/tree.ts';
import { docs } from './docs.ts';

const record = `# 1. Keep records

Date: 2026-11-21

## Status

Accepted

## Context

Why.

## Decision

What.

## Consequences

And so.
`;

const sound = {
  'README.md': `# Pawprint

[one](docs/one.md), [a heading](docs/one.md#the--second-heading-1), [here](#pawprint), [folder](docs),
[the layer's start](docs/#docs), [outside](https://example.org/), <a href="docs/one.md">html</a>,
[![badge](docs/badge.svg)](docs/one.md) and \`[code](nowhere.md)\`.

\`\`\`md
[in a block](nowhere.md)
\`\`\`

[reference]: docs/one.md
`,
  'docs/README.md': '# Docs\n\n[records](adr/README.md), [tools](../tools/)\n',
  'docs/badge.svg': '<svg/>',
  'docs/one.md': '# One\n## The & second `heading`\n## The & second `heading`\n',
  'docs/adr/README.md': '- [1. Keep records](0001-keep-records.md)\n',
  'docs/adr/0001-keep-records.md': record,
  // The fixture carries the house's own tools/biome.
  'tools/README.md': '# Tools\n',
};

test('sound docs are green', async () => {
  await using tree = await plantTree(sound);
  expect(await docs.run(tree)).toEqual({ ok: true, summary: '6 pages' });
});

test('a page that no link leads to is named, and data is no page', async () => {
  await using tree = await plantTree({
    ...sound,
    'docs/alone.md': '# Alone\n\n[its friend](friend.md)\n',
    'docs/friend.md': '# Friend\n\n[back](alone.md)\n',
    'platform/README.md': '# Platform\n',
    'platform/letters/one.md': '# A letter\n',
  });
  const { ok, output } = await docs.run(tree);
  expect(ok).toBe(false);
  expect(output?.split('\n')).toEqual([
    '  Pages that nobody finds:',
    '    docs/alone.md: no link leads here from README.md',
    '    docs/friend.md: no link leads here from README.md',
    '    platform/README.md: no link leads here from README.md',
  ]);
});

test('links and anchors that lead nowhere are named with their line', async () => {
  await using tree = await plantTree({
    ...sound,
    'docs/two.md': `# Two

[gone](three.md)
[no heading](one.md#third)
[absolute](/docs/one.md)
[outside of the repository](../../other/README.md)
[a folder without it](adr#nothing)

[gone too]: four.md
`,
  });
  const { output } = await docs.run(tree);
  expect(output?.match(/docs\/two\.md:\d+: \S+/g)).toEqual([
    'docs/two.md:3: three.md',
    'docs/two.md:4: one.md#third',
    'docs/two.md:5: /docs/one.md',
    'docs/two.md:6: ../../other/README.md',
    'docs/two.md:7: adr#nothing',
    'docs/two.md:9: four.md',
  ]);
});

test('a page that is generated and out of date is red, with what to run', async () => {
  const generator = { 'tools/docs/generated.ts': 'export {};\n' };
  await using tree = await plantTree({
    ...sound,
    ...generator,
    'docs/reference/sagas.md': 'old\n',
  });
  const { ok, output } = await docs.run(tree);
  expect(ok).toBe(false);
  expect(output).toContain(
    'docs/reference/sagas.md is not what the definitions say: run `npm run docs:generate`',
  );
});

test('code that a page quotes and that does not stand there any more is red', async () => {
  const quote = '# Two\n\n```ts\n// domain/a.ts\nconst a = 2;\n```\n';
  await using tree = await plantTree({
    ...{ ...sound, 'domain/README.md': '# Domain\n', 'domain/a.ts': 'const a = 1;\n' },
    'docs/two.md': quote,
  });
  const { output } = await docs.run(tree);
  expect(output).toContain('docs/two.md:3: this does not stand in domain/a.ts:');
});

test('a layer or an aggregate without a README is red', async () => {
  await using tree = await plantTree({ ...sound, 'domain/seating/events.ts': 'export {};\n' });
  const { output } = await docs.run(tree);
  expect(output).toContain('domain/ has no README.md');
  expect(output).toContain('domain/seating/ has no README.md');
});

test('a decision record that is incomplete, misnumbered or not listed is red', async () => {
  await using tree = await plantTree({
    ...sound,
    'docs/adr/0003-skip-one.md': record
      .replace('## Context', '## Contexts')
      .replace('Accepted', 'Perhaps')
      .replace('Date: 2026-11-21', ''),
  });
  const { output } = await docs.run(tree);
  const file = 'docs/adr/0003-skip-one.md';
  expect(output).toContain(`${file}: number 2 is missing`);
  expect(output).toContain(`${file}: docs/adr/README.md does not list it`);
  expect(output).toContain(`${file}: has no "## Context"`);
  expect(output).toContain(`${file}: has no "Date: YYYY-MM-DD"`);
  expect(output).toContain(`${file}: its status "Perhaps" is none of`);
});

test('paths of one machine and private registries are red', async () => {
  // Put together here, so that this file does not carry them itself.
  const bad = ['work', 'home/anna', 'root'].map((name) => `/${name}/`).map((path) => `cd ${path}x`);
  const registry = `"resolved": "${'https'}://npm.example.org/zod.tgz"`;
  await using tree = await plantTree({ ...sound, 'docs/notes.md': [...bad, registry].join('\n') });
  const { output } = await docs.run(tree);
  for (const line of [1, 2, 3]) expect(output).toContain(`docs/notes.md:${line}: `);
  expect(output).toMatch(/docs\/notes\.md:4: .* is a private registry/);
});

test.each([
  'docs/work/plan.md',
  '../work/x',
  `${'$'}HOME/work/x`,
  'https://example.org/home/anna/',
])('%s is not a path of one machine', (path) => {
  expect(machineWords('a.md', path)).toEqual([]);
});
