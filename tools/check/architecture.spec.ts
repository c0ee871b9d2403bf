import { expect, test } from 'vitest';
import { plantTree } from './_fixtures/tree.ts';
import { architecture, type Cruise, judge } from './architecture.ts';

/** A small platform whose arrows are right. */
const sound = {
  'domain/_kernel/event.ts': "import { z } from 'zod';\nexport const event = z.string();\n",
  'domain/activity/events.ts':
    "import { event } from '../_kernel/event.ts';\nexport type ActivityPublished = { at: string };\nexport const activityEvents = [event];\n",
  'domain/activity/state.ts':
    "import type { ActivityPublished } from './events.ts';\nexport type State = ActivityPublished;\n",
  'domain/seating/decide.ts':
    "import type { ActivityPublished } from '../activity/events.ts';\nexport const decide = (e: ActivityPublished): string => e.at;\n",
  'platform/store/index.ts':
    "import pg from 'pg';\nimport { event } from '../../domain/_kernel/event.ts';\nexport const store = [pg, event];\n",
  'commands/seating/enroll.ts':
    "import { decide } from '../../domain/seating/decide.ts';\nimport { store } from '../../platform/store/index.ts';\nexport const enroll = [decide, store];\n",
  'embedded/event-store/node.ts': "import pg from 'pg';\nexport const node = pg;\n",
  'bin/start.ts':
    "import { enroll } from '../commands/seating/enroll.ts';\nimport { node } from '../embedded/event-store/node.ts';\nexport const start = [enroll, node];\n",
};

/** Each wrong arrow: the file that is planted, what it imports, and the start of the reason. */
const wrong: readonly [file: string, imported: string, why: string][] = [
  ['domain/seating/rule.ts', '../../platform/store/index.ts', 'The domain is pure'],
  ['domain/seating/rule.ts', 'node:fs', 'The domain uses zod for its schemas and nothing else'],
  ['domain/seating/rule.ts', 'pino', 'The domain uses zod for its schemas and nothing else'],
  ['domain/_kernel/rule.ts', 'node:fs', 'The kernel may hash'],
  ['domain/_kernel/rule.ts', '../activity/events.ts', 'The kernel is machinery'],
  ['domain/seating/rule.ts', '../activity/state.ts', 'Of another aggregate only its events.ts'],
  [
    'domain/seating/rule.ts',
    '../activity/events.ts',
    'Import the events of another aggregate with',
  ],
  ['commands/_runtime/run.ts', '../seating/enroll.ts', 'A _runtime folder is machinery'],
  ['commands/seating/pay.ts', 'pg', 'Connections are opened by platform/'],
  ['commands/seating/pay.ts', 'fastify', 'Only the API servers'],
  [
    'projections/roster/reduce.ts',
    '../../commands/seating/enroll.ts',
    'A read model is a function',
  ],
  ['read-api/server.ts', '../commands/seating/enroll.ts', 'The read API answers from queries'],
  ['platform/mail.ts', '../domain/activity/state.ts', 'Adapters know the outside world'],
  ['write-api/server.ts', '../embedded/event-store/node.ts', 'The application has one path'],
  ['embedded/mailbox/smtp.ts', '../../platform/store/index.ts', 'Event store node, Stripe sandbox'],
  ['sagas/hold/saga.ts', '../../bin/start.ts', 'bin/, test/, bench/ and tools/ are entry points'],
  ['platform/gone.ts', './nowhere.ts', 'The import leads nowhere'],
];

test('right arrows are green', async () => {
  await using tree = await plantTree(sound);
  expect(await architecture.run(tree)).toMatchObject({ ok: true });
});

test('every wrong arrow is red and says why the rule exists', async () => {
  const planted = wrong.map(([file, imported], index) => [
    // A module of its own per arrow; something imports it, so that it is no orphan.
    file.replace(/\.ts$/, `-${index}.ts`),
    `import * as it from '${imported}';\nexport const used = it;\n`,
  ]);
  await using tree = await plantTree({ ...sound, ...Object.fromEntries(planted) });
  const outcome = await architecture.run(tree);
  expect(outcome.ok).toBe(false);
  for (const [index, [file, imported, why]] of wrong.entries()) {
    const from = file.replace(/\.ts$/, `-${index}.ts`);
    const block = outcome.output?.split('\n\n').filter((part) => part.includes(`${from} →`));
    expect(block?.join('\n'), `${from} → ${imported}`).toContain(why);
  }
});

test('type-only imports, circles and orphans count', async () => {
  await using tree = await plantTree({
    ...sound,
    'domain/seating/typed.ts':
      "import type { store } from '../../platform/store/index.ts';\nexport type Store = typeof store;\n",
    'platform/a.ts': "import { b } from './b.ts';\nexport const a = (): unknown => b;\n",
    'platform/b.ts': "import { a } from './a.ts';\nexport const b = (): unknown => a;\n",
    'platform/alone.ts': 'export const alone = 1;\n',
  });
  const { output } = await architecture.run(tree);
  expect(output).toContain('domain/seating/typed.ts → platform/store/index.ts');
  expect(output).toContain('platform/a.ts → platform/b.ts → platform/a.ts');
  expect(output).toContain('platform/alone.ts\n  no-orphans: Nothing imports this module');
});

test('specs may use the embedded parts and the test support', async () => {
  await using tree = await plantTree({
    ...sound,
    'platform/store/store.spec.ts':
      "import { node } from '../../embedded/event-store/node.ts';\nimport { help } from '../../test/support/help.ts';\nexport const used = [node, help];\n",
    'test/support/help.ts': "import pg from 'pg';\nexport const help = pg;\n",
  });
  expect(await architecture.run(tree)).toMatchObject({ ok: true });
});

test('a cruiser that read less than there is turns red, not green', async () => {
  await using tree = await plantTree(sound);
  // What dependency-cruiser 18.7 answers, with exit code 0, when TypeScript 7 is installed.
  const nothing = answer([]);
  const files = Object.keys(sound);
  expect(await judge(tree.root, files, nothing)).toMatchObject({
    ok: false,
    summary: 'read 0 of 8 modules',
    output: expect.stringContaining('domain/seating/decide.ts: not read'),
  });

  const shallow = answer(files);
  expect(await judge(tree.root, files, shallow)).toMatchObject({
    ok: false,
    output: expect.stringContaining(
      'domain/seating/decide.ts: did not see the import of ../activity/events.ts',
    ),
  });
});

/** A cruise that found these files and no import in them. */
function answer(files: readonly string[]): Cruise {
  return {
    modules: files.map((source) => ({ source, dependencies: [] })),
    summary: { violations: [], totalDependenciesCruised: 0 },
  };
}
