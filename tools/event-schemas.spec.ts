import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { plantTree } from './check/_fixtures/tree.ts';
import { schemas } from './check/schemas.ts';
import { runTool } from './check/step.ts';

const gate = fileURLToPath(new URL('./event-schemas.ts', import.meta.url));
const kernel = fileURLToPath(new URL('../domain/_kernel/', import.meta.url));

/** A domain of one event, made with the real kernel. */
const catalogue = (definition: string) => `import { z } from 'zod';
import { buildCatalogue } from '${kernel}catalogue.ts';
import { defineEvent, defineEvents } from '${kernel}event.ts';
const SeatHeld = defineEvent({ type: 'SeatHeld', summary: 'A seat is kept.', ${definition} });
export const catalogue = buildCatalogue([defineEvents('seating', [SeatHeld])]);
`;

const v1 = catalogue('data: { seat: z.int() }');
const widened = catalogue('data: { seat: z.int(), note: z.string().optional() }');
const broken = catalogue('data: { seat: z.int(), row: z.string() }');
const v2 = catalogue(
  "version: 2, upcasters: { 1: (old) => ({ ...old, row: 'A' }) }, data: { seat: z.int(), row: z.string() }",
);
const sample = (version: number, data: unknown) =>
  JSON.stringify({ type: 'SeatHeld', version, data });

const released = '# Changelog\n\n## [0.1.0] - 2026-12-01\n\nThe first.\n';

/** A tree whose version 1 is accepted, and what can be done with it. */
async function acceptedTree() {
  const tree = await plantTree({
    'domain/_catalogue.ts': v1,
    'domain/_golden/seat-held.v1.json': sample(1, { seat: 7 }),
    'CHANGELOG.md': '# Changelog\n\n## [Unreleased]\n',
  });
  const write = (file: string, content: string) => writeFile(join(tree.root, file), content);
  const accept = (...flags: string[]) =>
    runTool('node', [gate, '--accept', ...flags, '--root', tree.root], { cwd: tree.root });
  expect(await accept()).toMatchObject({ code: 0 });
  const lock = () => readFile(join(tree.root, 'domain/_golden/schemas.json'), 'utf8');
  return {
    ...tree,
    write,
    accept,
    lock,
    change: (to: string) => write('domain/_catalogue.ts', to),
  };
}

test('an accepted schema is green; a changed one under the same version explains itself', async () => {
  await using tree = await acceptedTree();
  expect(await schemas.run(tree)).toEqual({ ok: true, summary: '1 event, 1 sample' });

  await tree.change(broken);
  const outcome = await schemas.run(tree);
  expect(outcome.ok).toBe(false);
  expect(outcome.output).toContain(
    'SeatHeld v1 changed: field `row` was added and is required. Stored events of version 1 would no longer decode. Add version 2 with an upcaster: docs/how-to/change-an-event.md',
  );
});

test('a released version is never replaced, not even on demand', async () => {
  await using tree = await acceptedTree();
  await tree.write('CHANGELOG.md', released);
  await tree.change(broken);
  const before = await tree.lock();
  expect(await tree.accept('--unreleased')).toMatchObject({
    code: 1,
    output: expect.stringContaining('Nothing was written'),
  });
  expect(await tree.lock()).toBe(before);
});

test('an unreleased version is replaced on demand only, and needs a sample that fits', async () => {
  await using tree = await acceptedTree();
  await tree.change(broken);
  await tree.write('domain/_golden/seat-held.v1.json', sample(1, { seat: 7, row: 'A' }));
  expect((await tree.accept()).output).toContain('schemas:accept -- --unreleased');
  expect(await tree.accept('--unreleased')).toMatchObject({ code: 0 });
  expect(await schemas.run(tree)).toMatchObject({ ok: true });
});

test('a new version with an upcaster and a sample is accepted beside the old one', async () => {
  await using tree = await acceptedTree();
  const before = JSON.parse(await tree.lock()) as Record<string, { versions: object }>;
  await tree.change(v2);
  expect((await schemas.run(tree)).output).toContain('SeatHeld v2 has no stored sample');
  await tree.write('domain/_golden/seat-held.v2.json', sample(2, { seat: 7, row: 'B' }));
  expect((await tree.accept()).output).toContain('SeatHeld v2 is new.');
  const after = JSON.parse(await tree.lock()) as typeof before;
  expect(after.SeatHeld?.versions).toEqual({ ...before.SeatHeld?.versions, 2: expect.anything() });
  expect(await schemas.run(tree)).toEqual({ ok: true, summary: '1 event, 2 samples' });
});

test('a proven widening is told and accepted, released or not', async () => {
  await using tree = await acceptedTree();
  await tree.change(widened);
  const { output } = await schemas.run(tree);
  expect(output).toContain('SeatHeld v1 was widened: field `note` was added and is optional');
  expect(output).toContain('`npm run schemas:accept` writes it');
  expect(await tree.accept()).toMatchObject({ code: 0 });
  expect(await schemas.run(tree)).toMatchObject({ ok: true });
});

test('a sample that the code no longer decodes is red with the place', async () => {
  await using tree = await acceptedTree();
  await tree.change(v2.replace("row: 'A'", 'row: 1'));
  const { output } = await schemas.run(tree);
  expect(output).toContain(
    'seat-held.v1.json no longer decodes: SeatHeld v1 does not fit its schema at /row',
  );
});

test('an edited sample of a released version is red', async () => {
  await using tree = await acceptedTree();
  await tree.write('CHANGELOG.md', released);
  await tree.write('domain/_golden/seat-held.v1.json', sample(1, { seat: 8 }));
  expect((await schemas.run(tree)).output).toContain('its stored sample was edited');
  expect(await tree.accept('--unreleased')).toMatchObject({ code: 1 });
});

test('an event that left the catalogue is red', async () => {
  await using tree = await acceptedTree();
  await tree.change(v1.replace('[SeatHeld])', '[])'));
  expect((await schemas.run(tree)).output).toContain('SeatHeld is no longer in the catalogue');
});
