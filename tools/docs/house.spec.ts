import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type House, reachOf, readHouse } from './house.ts';

const root = new URL('../..', import.meta.url).pathname;
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const house = readHouse(page);

const rules = z
  .object({
    arrows: z.array(z.object({ from: z.string(), to: z.array(z.string()) })),
    default: z.object({
      forbidden: z.array(
        z.object({ name: z.string(), from: z.object({ path: z.unknown() }).partial() }),
      ),
    }),
  })
  .parse(await import(join(root, '.dependency-cruiser.mjs')));

const KERNEL = 'domain/_kernel';
const layers = [...rules.arrows.map(({ from }) => from), KERNEL];
const roots = ['bin', 'test', 'bench', 'tools'];

/** Whoever may import the domain may import its kernel. */
const allowed = new Map([
  ...rules.arrows.map(
    ({ from, to }) => [from, new Set(to.includes('domain') ? [...to, KERNEL] : to)] as const,
  ),
  [KERNEL, new Set<string>()] as const,
]).set('domain', new Set([KERNEL]));

const drawn = (of: House) => {
  const reach = reachOf(of, [...layers, ...roots]);
  return new Map(layers.map((layer) => [layer, reach.get(layer)]));
};

test('the picture of the house says what each layer may import, no more and no less', () => {
  expect(drawn(house)).toEqual(allowed);
});

test('no arrow of it goes without saying', () => {
  for (const arrow of house.arrows.filter(({ from }) => layers.includes(from))) {
    const without = { ...house, arrows: house.arrows.filter((each) => each !== arrow) };
    expect(drawn(without), `${arrow.from} --> ${arrow.to}`).not.toEqual(allowed);
  }
});

test('from the entry points everything is reached', () => {
  const reach = reachOf(house, [...layers, ...roots]).get('bin');
  expect(new Set(layers).difference(reach ?? new Set())).toEqual(new Set());
  const entries = house.boxes.filter(({ frames }) => frames.includes('roots'));
  const named = entries.flatMap(({ folders }) => folders.map((folder) => folder.split('/')[0]));
  expect(new Set(named)).toEqual(new Set(roots));
});

test('every folder of it is there, and every embedded part is in it', () => {
  const folders = house.boxes.flatMap((box) => box.folders);
  expect(folders.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  const parts = readdirSync(join(root, 'embedded'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `embedded/${name}`);
  expect(folders.filter((folder) => folder.startsWith('embedded/')).toSorted()).toEqual(
    parts.toSorted(),
  );
});

test('the parts that stand alone are those of the rule', () => {
  const rule = rules.default.forbidden.find(({ name }) => name === 'servers-stand-alone');
  const names = /\(([^)]+)\)/.exec(String(rule?.from.path))?.[1]?.split('|') ?? [];
  const alone = house.boxes.filter(({ frames }) => frames.includes('alone'));
  expect(alone.flatMap(({ folders }) => folders)).toEqual(names.map((name) => `embedded/${name}`));
});

const picture = (...lines: string[]) =>
  ['## The house', '```mermaid', 'flowchart TB', ...lines, '```'].join('\n');

test('a dotted arrow ends there, others go on', () => {
  const lines = ['a["<b>a</b>"]', 'b["<b>b</b><br/>two"]', 'c["<b>c</b>"]', 'b --> c'];
  const reach = (arrow: string) =>
    reachOf(readHouse(picture(...lines, arrow)), ['a', 'b', 'c']).get('a');
  expect(reach('a --> b')).toEqual(new Set(['b', 'c']));
  expect(reach('a -. "only" .-> b')).toEqual(new Set(['b']));
});

test('a line that could not be compared is refused', () => {
  expect(() => readHouse(picture('a ==> b'))).toThrow('neither a box');
  expect(() => readHouse('## The house')).toThrow('no picture');
});
