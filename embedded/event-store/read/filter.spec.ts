import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecordedEvent } from '../core/model.ts';
import { createFilter, FilterLimitError } from './filter.ts';

const event = (stream: string, type = 'Held'): RecordedEvent => ({
  ...{ position: 1n, stream, revision: 0n, id: 'one', type, json: true },
  ...{ created: 0n, data: Buffer.alloc(0), metadata: Buffer.alloc(0) },
});
const few = fc.string({
  unit: fc.constantFrom('a', 'b', '-', '$', 'é', '\u{1f436}'),
  maxLength: 4,
});

test('what begins with any of the prefixes passes, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.array(few, { minLength: 1, maxLength: 12 }),
      fc.array(few),
      (prefixes, names) => {
        const filter = createFilter({ on: 'stream', regex: '', prefixes });
        const passed = filter(names.map((name) => event(name))).map(({ stream }) => stream);
        const expected = names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
        expect(passed).toEqual(expected);
      },
    ),
  );
});

test('prefixes and expressions look at the stream or at the type, as they are told', () => {
  const events = [event('a-1', 'Held'), event('b-1', 'Lapsed')];
  const streams = (spec: Parameters<typeof createFilter>[0]) =>
    createFilter(spec)(events).map(({ stream }) => stream);
  expect(streams({ on: 'type', regex: '', prefixes: ['He'] })).toEqual(['a-1']);
  expect(streams({ on: 'stream', regex: '', prefixes: ['b'] })).toEqual(['b-1']);
  expect(streams({ on: 'type', regex: 'ps', prefixes: ['He'] })).toEqual(['b-1']);
});

test('more prefixes than one reader may ask for are refused', () => {
  const prefixes = Array.from({ length: 1_001 }, (_, n) => `p${n}`);
  expect(() => createFilter({ on: 'stream', regex: '', prefixes })).toThrow(FilterLimitError);
});
