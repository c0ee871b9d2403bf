import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { plantTree } from './check/_fixtures/tree.ts';
import { schemas } from './check/schemas.ts';
import { runTool } from './check/step.ts';

const gate = fileURLToPath(new URL('./event-schemas.ts', import.meta.url));
const kernel = fileURLToPath(new URL('../domain/_kernel/', import.meta.url));

/** A domain of one event, made with the real kernel. What the gate says is tested in judge.spec. */
const catalogue = (data: string) => `import { z } from 'zod';
import { buildCatalogue } from '${kernel}catalogue.ts';
import { defineEvent, defineEvents } from '${kernel}event.ts';
const SeatHeld = defineEvent({ type: 'SeatHeld', summary: 'A seat is kept.', data: { ${data} } });
export const catalogue = buildCatalogue([defineEvents('seating', [SeatHeld])]);
`;
const sample = (data: unknown) => JSON.stringify({ type: 'SeatHeld', version: 1, data });

test('the check is red until accepted, red when changed; what is refused is not written', async () => {
  await using tree = await plantTree({
    'domain/_catalogue.ts': catalogue('seat: z.int()'),
    'domain/_golden/SeatHeld.v1.json': sample({ seat: 7 }),
    'CHANGELOG.md': '# Changelog\n\n## [Unreleased]\n',
  });
  const write = (file: string, content: string) => writeFile(join(tree.root, file), content);
  const accept = (...flags: string[]) =>
    runTool('node', [gate, '--accept', ...flags, '--root', tree.root], { cwd: tree.root });
  const lock = () => readFile(join(tree.root, 'domain/_golden/schemas.json'), 'utf8');

  const fresh = await schemas.run(tree);
  expect(fresh).toMatchObject({ ok: false, summary: '1 finding' });
  expect(fresh.output).toContain('`npm run schemas:accept` writes it');
  expect(await accept()).toMatchObject({ code: 0, output: 'Accepted:\n  SeatHeld v1 is new.' });
  expect(await schemas.run(tree)).toEqual({ ok: true, summary: '1 event, 1 sample' });

  const before = await lock();
  await write('domain/_catalogue.ts', catalogue('seat: z.int(), row: z.string()'));
  await write('domain/_golden/SeatHeld.v1.json', sample({ seat: 7, row: 'A' }));
  expect((await schemas.run(tree)).output).toContain('SeatHeld v1 changed: field `row` was added');
  expect((await accept()).output).toContain('Nothing was written');

  // A date in the changelog freezes what was accepted for that release.
  await write('CHANGELOG.md', '# Changelog\n\n## [0.1.0] - 2026-12-01\n');
  expect(await accept('--unreleased')).toMatchObject({ code: 1 });
  expect(await lock()).toBe(before);

  await write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n');
  expect(await accept('--unreleased')).toMatchObject({ code: 0 });
  expect(await schemas.run(tree)).toMatchObject({ ok: true });
});

test('a wrong option is refused', async () => {
  const { code, output } = await runTool('node', [gate, '--unreleased'], { cwd: '.' });
  expect(code).toBe(2);
  expect(output).toContain('--unreleased goes with --accept.');
});
