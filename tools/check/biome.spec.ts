import { expect, test } from 'vitest';
import { plantTree } from './_fixtures/tree.ts';
import { format, lint } from './biome.ts';

test('a clock in the domain is red and says to hand the time in', async () => {
  await using tree = await plantTree({
    'domain/seating/decide.ts': 'export const decide = (): number => Date.now();\n',
  });
  const outcome = await lint.run(tree);
  expect(outcome).toMatchObject({ ok: false, summary: expect.stringContaining('1 error') });
  expect(outcome.output).toContain('domain/seating/decide.ts:1:37');
  expect(outcome.output).toContain('The domain is pure: no clock');
});

test('a clock elsewhere, and in a spec of the domain, is nobody’s business', async () => {
  await using tree = await plantTree({
    'platform/clock.ts': 'export const now = (): number => Date.now();\n',
    'domain/seating/decide.spec.ts': 'export const now = (): number => Date.now();\n',
  });
  expect(await lint.run(tree)).toMatchObject({ ok: true });
});

test('a promise that nobody waits for is red', async () => {
  await using tree = await plantTree({
    'platform/send.ts':
      'const send = async (): Promise<number> => 1;\nexport const go = (): void => {\n  send();\n};\n',
  });
  const outcome = await lint.run(tree);
  expect(outcome.ok).toBe(false);
  expect(outcome.output).toContain('noFloatingPromises');
});

test('a file in another layout is named', async () => {
  await using tree = await plantTree({ 'platform/a.ts': 'export const a = "a"\n' });
  const outcome = await format.run(tree);
  expect(outcome).toMatchObject({ ok: false, advice: expect.stringContaining('npm run format') });
  expect(outcome.output).toContain('platform/a.ts');
});

test('a tree in order is green', async () => {
  await using tree = await plantTree({ 'platform/a.ts': "export const a = 'a';\n" });
  expect(await format.run(tree)).toMatchObject({ ok: true });
  expect(await lint.run(tree)).toMatchObject({ ok: true });
});
