import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bugs as fixtures } from './_fixtures/bugs.ts';
import type { PlantedBug } from './bug.ts';
import { plant, staleness } from './stale.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [sound] = fixtures;
if (sound === undefined) throw new Error('there is no fixture');

const findings = (changes: Partial<PlantedBug>): string[] =>
  staleness([{ ...sound, ...changes }], root).filter((line) => line.startsWith(sound.name));

test('a bug that fits is not stale', () => {
  expect(findings({ test: 'leaving twice' })).toEqual([]);
});

test.each<[Partial<PlantedBug>, string]>([
  [{ find: 'no such text' }, 'stands 0 times in domain/seating/line.ts: "no such text"'],
  [{ find: 'return' }, 'stands 4 times in domain/seating/line.ts: "return"'],
  [{ file: 'domain/seating/queue.ts' }, 'domain/seating/queue.ts is not there'],
  [{ spec: 'domain/queue.spec.ts' }, 'domain/queue.spec.ts is not there'],
  [{ test: 'no such test' }, 'domain/seating/line.spec.ts has no test "no such test"'],
  [
    { also: [{ ...sound, find: 'another text' }] },
    'stands 0 times in domain/seating/line.ts: "another text"',
  ],
  [{ replace: sound.find }, '`find` and `replace` are the same'],
])('%j is', (changes, finding) => {
  expect(findings(changes)).toEqual([`${sound.name}: ${finding}`]);
});

test('two of one name are told, and a property without a bug', () => {
  const all = staleness([sound, sound], root);
  expect(all).toContain('is-seen: two bugs have this name');
  expect(all).toContainEqual(expect.stringContaining('no bug is planted against money'));
  expect(all.some((line) => line.includes('against no-oversell'))).toBe(false);
});

test('a bug is planted in one place or not at all', () => {
  expect(plant(`a ${sound.find} b`, sound)).toBe(`a ${sound.replace} b`);
  expect(() => plant(`${sound.find} ${sound.find}`, sound)).toThrow('does not stand once in');
});
