import { expect, test } from 'vitest';
import { plantTree } from './_fixtures/tree.ts';
import { runs } from './runs.ts';

test('an enum is red although vitest would run it', async () => {
  await using tree = await plantTree({
    'domain/seating/state.ts': 'export enum Status {\n  Held,\n}\n',
    'domain/seating/state.spec.ts':
      "import { Status } from './state.ts';\nexport const s = Status;\n",
  });
  const outcome = await runs.run(tree);
  expect(outcome).toMatchObject({ ok: false, advice: expect.stringContaining('`enum`') });
  expect(outcome.output).toContain('domain/seating/state.ts:1');
  expect(outcome.output).toContain('TypeScript enum is not supported in strip-only mode');
});

test('parameter properties are red in specs and programs too', async () => {
  const text = 'export class A {\n  constructor(readonly a: number) {}\n}\n';
  await using tree = await plantTree({ 'platform/a.spec.ts': text, 'bin/start.ts': text });
  const { output } = await runs.run(tree);
  expect(output).toContain('platform/a.spec.ts:2');
  expect(output).toContain('bin/start.ts:2');
});

test('an import path without its ending is red, once, with those it takes along', async () => {
  await using tree = await plantTree({
    'platform/a.ts': "import './b';\nexport const a = 1;\n",
    'platform/b.ts': 'export const b = 1;\n',
    'platform/c.ts': "import { a } from './a.ts';\nexport const c = a;\n",
  });
  const { output } = await runs.run(tree);
  expect(output).toContain('platform/a.ts\n    fails when it is imported: Cannot find module');
  expect(output).toContain('(and so do 1 modules that import it)');
  expect(output).not.toContain('platform/c.ts');
});

test('a value import of a type is red', async () => {
  await using tree = await plantTree({
    'platform/a.ts': "import { B } from './b.ts';\nexport const a = (b: B): B => b;\n",
    'platform/b.ts': 'export type B = number;\n',
  });
  const { output } = await runs.run(tree);
  expect(output).toContain("does not provide an export named 'B'");
});

test('a module that starts something when it is imported is red', async () => {
  await using tree = await plantTree({
    'platform/a.ts':
      "import { createServer } from 'node:net';\nexport const server = createServer().listen(0);\n",
  });
  const { output } = await runs.run(tree);
  expect(output).toContain('starts something that keeps the process alive (TCPServerWrap)');
});

test('programs are not started, and a tree that Node can run is green', async () => {
  await using tree = await plantTree({
    'bin/start.ts': "throw new Error('started');\n",
    'platform/_fixtures/child.ts': "throw new Error('started');\n",
    'platform/a.ts': 'console.log("hello");\nexport const a: number = 1;\n',
  });
  expect(await runs.run(tree)).toEqual({ ok: true, summary: '3 files, 1 imported' });
});
