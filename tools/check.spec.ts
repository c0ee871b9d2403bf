import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { plantTree } from './check/_fixtures/tree.ts';
import { runTool } from './check/step.ts';

const check = fileURLToPath(new URL('./check.ts', import.meta.url));
const run = (cwd: string, ...args: string[]) =>
  runTool('node', [check, '--root', cwd, ...args], { cwd });

const steps = [
  ...['format', 'lint', 'types', 'architecture', 'runs', 'docs', 'schemas'],
  ...['containers', 'planted'],
];

test('--help names every step', async () => {
  const { code, output } = await run('.', '--help');
  expect(code).toBe(0);
  for (const step of steps) expect(output).toContain(`  ${step} `);
});

test('a step that does not exist is refused with the list of those that do', async () => {
  const { code, output } = await run('.', '--only', 'style');
  expect(code).toBe(2);
  expect(output).toContain('There is no step "style".');
  expect(output).toContain('architecture');
});

test('a failure is red in the table, says what to do and ends with the count', async () => {
  await using tree = await plantTree({ 'platform/a.ts': 'export enum A {\n  B,\n}\n' });
  const { code, output } = await run(tree.root, '--only', 'runs', '--only', 'format');
  expect(code).toBe(1);
  expect(output).toMatch(/✔ format/);
  expect(output).toMatch(/✘ runs/);
  expect(output).toContain('→ Node removes types and changes nothing else');
  expect(output.split('\n').at(-1)).toBe('check: 1 passed, 1 failed (runs)');
});

test('--json is JSON', async () => {
  await using tree = await plantTree({ 'platform/a.ts': 'export enum A {\n  B,\n}\n' });
  const { code, stdout } = await run(tree.root, '--json', '--only', 'runs');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { step: 'runs', ok: false, milliseconds: expect.any(Number) },
  ]);
});
