import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { usage } from '../../bin/start/options.ts';
import { clientCommands } from '../../commands/index.ts';
import { catalogue } from '../../domain/_catalogue.ts';
import { queries } from '../../projections/index.ts';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { runTool } from '../check/step.ts';
import { generatedFiles, staleFiles, writeGenerated } from './generated.ts';

const root = new URL('../..', import.meta.url).pathname;
let files: ReadonlyMap<string, string>;
let copy: string;

beforeAll(async () => {
  files = await generatedFiles(root);
  copy = await mkdtemp(join(tmpdir(), 'pawprint-docs-'));
  await cp(join(root, 'domain/_golden'), join(copy, 'domain/_golden'), { recursive: true });
});
afterAll(() => removeFolder(copy));

test('the generated pages are up to date: npm run docs:generate writes them', async () => {
  expect(await staleFiles(root)).toEqual([]);
});

test('a page that is behind is named, and written again', async () => {
  expect(await staleFiles(copy)).toEqual([...files.keys()]);
  await writeGenerated(copy);
  expect(await staleFiles(copy)).toEqual([]);
  const events = join(copy, 'docs/reference/events.md');
  const fresh = await readFile(events, 'utf8');
  await writeFile(events, fresh.replace('SeatHeld', 'SeatTaken'));
  expect(await staleFiles(copy)).toEqual(['docs/reference/events.md']);
  expect(await writeGenerated(copy)).toEqual(['docs/reference/events.md']);
  expect(await readFile(events, 'utf8')).toBe(fresh);
});

test('--check says what is behind and what to do, and exits with 1', async () => {
  await writeFile(join(copy, 'docs/reference/sagas.md'), 'old\n');
  const { code, output } = await runTool('node', ['tools/docs.ts', '--check', '--root', copy], {
    cwd: root,
  });
  expect([code, output]).toEqual([
    1,
    'Not up to date:\n  docs/reference/sagas.md\n`npm run docs:generate` writes them; commit them with the change.',
  ]);
});

test('every command, query, event and personal field is there', () => {
  const page = (name: string) => files.get(`docs/reference/${name}.md`) ?? '';
  for (const { summary } of clientCommands) expect(page('write-api')).toContain(`### ${summary}\n`);
  for (const { summary } of queries) expect(page('read-api')).toContain(`### ${summary}\n`);
  for (const [type, { personal }] of catalogue.types) {
    const section = page('events').split(`### ${type}\n`)[1]?.split('\n## ')[0]?.split('\n### ')[0];
    expect(section, type).toBeDefined();
    const marked = [...(section ?? '').matchAll(/^\| `(\w+)`.*\*\*personal\*\*/gm)].map(
      ([, f]) => f,
    );
    expect(marked, type).toEqual(personal.map(({ path }) => path.join('.')));
  }
});

test('the usual ports are those of npm start', async () => {
  const source = await readFile(join(root, 'bin/start/ports.ts'), 'utf8');
  const usual = [...source.matchAll(/usual: ([\d_]+)/g)].map(([, port]) => port?.replace('_', ''));
  expect(usual).toHaveLength(8);
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const configuration = files.get('docs/reference/configuration.md') ?? '';
  const inPage = (page: string) => usual.filter((port) => !page.match(`\\b${port}\\b`));
  expect(inPage(configuration)).toEqual([]);
  // The ports of SMTP and NATS are nothing to look at.
  expect(inPage(readme)).toEqual(['1025', '4222']);
});

test('every port that npm start takes stands in the configuration', () => {
  // The port for processes without an API, of which npm start has none.
  const ports = new Set([...(usage.match(/[A-Z_]+_PORT\b/g) ?? []), 'PROBE_PORT']);
  const configuration = files.get('docs/reference/configuration.md') ?? '';
  expect(new Set(configuration.match(/\b[A-Z_]+_PORT\b/g))).toEqual(ports);
});
