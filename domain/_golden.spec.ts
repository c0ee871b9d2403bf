import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue } from './_catalogue.ts';
import { decodeData } from './_kernel/catalogue.ts';

type Sample = { type: string; version: number; data: Record<string, unknown> };

const folder = join(import.meta.dirname, '_golden');
const files = readdirSync(folder).filter((name) => name !== 'schemas.json' && name !== 'README.md');
const samples = files.map((file): { file: string; sample: Sample } => ({
  file,
  sample: JSON.parse(readFileSync(join(folder, file), 'utf8')),
}));

describe.each(samples)('$file', ({ file, sample }) => {
  const { type, version, data } = sample;

  test('is named by its type and version', () => {
    expect(file).toBe(`${type}.v${version}.json`);
  });

  test('decodes to the newest version', () => {
    const decoded = decodeData(catalogue, type, version, data);
    if (version === catalogue.types.get(type)?.version) expect(decoded).toEqual(data);
  });

  test('decodes once its person was erased', () => {
    const personal = catalogue.types.get(type)?.personal ?? [];
    for (const { path } of personal) {
      // Marks stand on top-level fields today; a nested one needs a sample with that part nulled.
      const [field, ...deeper] = path;
      expect(deeper).toEqual([]);
      expect(data[String(field)]).not.toBeNull();
      const erased = { ...data, [String(field)]: null };
      expect(decodeData(catalogue, type, version, erased)).toMatchObject({ [String(field)]: null });
    }
  });

  test('carries the ids it names in the clear and nothing else of the person', () => {
    const personal = catalogue.types.get(type)?.personal ?? [];
    const open = { ...data };
    for (const { path } of personal) delete open[String(path[0])];
    expect(JSON.stringify(open)).not.toMatch(/Mirela|Quandt|@example\.org/);
  });
});

test('every type has a sample of every version ever written', () => {
  const expected = [...catalogue.types.values()].flatMap(({ type, version }) =>
    Array.from({ length: version }, (_, index) => `${type}.v${index + 1}.json`),
  );
  expect([...files].sort()).toEqual(expected.sort());
});
