import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Edit, editsOf, type PlantedBug, type Property, properties } from './bug.ts';

/** What makes a table useless although nothing was run: said by `npm run check`. */
export const staleness = (bugs: readonly PlantedBug[], root: string): string[] => [
  ...twice(bugs),
  ...staleBugs(bugs, root),
  ...unguarded(bugs),
];

/** Those whose place or spec is gone. */
export const staleBugs = (bugs: readonly PlantedBug[], root: string): string[] => {
  const read = reader(root);
  return bugs.flatMap((bug) => staleBug(bug, read));
};

type Read = (file: string) => string | undefined;

/** Many bugs share a file. */
const reader = (root: string): Read => {
  const texts = new Map<string, string | undefined>();
  return (file) => {
    if (!texts.has(file)) {
      const path = join(root, file);
      texts.set(file, existsSync(path) ? readFileSync(path, 'utf8') : undefined);
    }
    return texts.get(file);
  };
};

const twice = (bugs: readonly PlantedBug[]): string[] => {
  const names = bugs.map(({ name }) => name);
  const repeated = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  return [...repeated].map((name) => `${name}: two bugs have this name`);
};

const staleBug = (bug: PlantedBug, read: Read): string[] =>
  [
    ...editsOf(bug).map((edit) => placeOf(edit, read(edit.file))),
    specOf(bug, read(bug.spec)),
  ].flatMap((finding) => (finding === undefined ? [] : [`${bug.name}: ${finding}`]));

const placeOf = ({ file, find, replace }: Edit, text: string | undefined) => {
  if (text === undefined) return `${file} is not there`;
  if (find === replace) return '`find` and `replace` are the same';
  const times = text.split(find).length - 1;
  return times === 1 ? undefined : `stands ${times} times in ${file}: ${quoted(find)}`;
};

const specOf = ({ spec, test }: PlantedBug, text: string | undefined) => {
  if (text === undefined) return `${spec} is not there`;
  if (test === undefined || text.includes(test)) return undefined;
  return `${spec} has no test ${quoted(test)}`;
};

const unguarded = (bugs: readonly PlantedBug[]): string[] => {
  const seen = new Set<Property>(bugs.map(({ property }) => property));
  return Object.entries(properties)
    .filter(([property]) => !seen.has(property as Property))
    .map(([property, { holds }]) => `no bug is planted against ${property} (${holds})`);
};

const quoted = (text: string): string => JSON.stringify(text);

export const plant = (text: string, { file, find, replace }: Edit): string => {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${quoted(find)} does not stand once in ${file}`);
  return parts.join(replace);
};
