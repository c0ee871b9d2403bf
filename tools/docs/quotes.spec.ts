import { expect, test } from 'vitest';
import { projectFiles } from '../check/files.ts';
import { misquotes, quotesOf } from './quotes.ts';

const root = new URL('../..', import.meta.url).pathname;
const page = (code: string) => `Text.\n\n\`\`\`ts\n// a.ts\n${code}\`\`\`\n`;
const files = (content: Record<string, string>) => (file: string) =>
  content[file] === undefined ? Promise.reject(new Error(file)) : Promise.resolve(content[file]);

test('what the pages quote stands in the code', async () => {
  const pages = (await projectFiles(root)).filter((file) => /^(docs\/|README\.md)/.test(file));
  const markdown = pages.filter((file) => file.endsWith('.md'));
  expect(await misquotes(root, markdown)).toEqual([]);
});

test('a quote may leave something out, and nothing else', async () => {
  const source = 'const a = 1;\nconst b = 2;\nconst c = 3;\n';
  const of = (code: string) =>
    misquotes('', ['p.md'], files({ 'p.md': page(code), 'a.ts': source }));
  expect(await of('const a = 1;\n// …\nconst c = 3;\n')).toEqual([]);
  expect(await of('const a = 1;\nconst c = 3;\n')).toEqual([
    'p.md:3: this does not stand in a.ts:\nconst a = 1;\nconst c = 3;',
  ]);
  expect(quotesOf(page('x\n'))).toEqual([{ file: 'a.ts', parts: ['x\n'], line: 3 }]);
});

test('a quote of a file that is gone is wrong', async () => {
  const wrong = await misquotes('', ['p.md'], files({ 'p.md': page('const a = 1;\n') }));
  expect(wrong).toEqual(['p.md:3: quotes a.ts, which is not there']);
});
