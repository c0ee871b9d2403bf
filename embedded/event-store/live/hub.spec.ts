import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecordedEvent } from '../core/model.ts';
import { createHub } from './hub.ts';

const at = (position: bigint, stream = 's'): RecordedEvent => ({
  position,
  stream,
  revision: position,
  id: '',
  type: 't',
  json: true,
  created: 0n,
  data: Buffer.alloc(10),
  metadata: Buffer.alloc(0),
});
const range = (from: bigint, to: bigint) =>
  Array.from({ length: Number(to - from) + 1 }, (_, i) => at(from + BigInt(i)));
const positions = (events: readonly RecordedEvent[] | undefined) =>
  events?.map((event) => event.position);

test('a reader at the head has nothing to read, one before the window must read the log', () => {
  const hub = createHub(10n);
  expect(hub.after(10n, 5)).toEqual([]);
  expect(hub.after(9n, 5)).toBeUndefined();
  hub.publish(range(11n, 13n));
  expect(hub.head).toBe(13n);
  expect(positions(hub.after(10n, 5))).toEqual([11n, 12n, 13n]);
  expect(positions(hub.after(11n, 1))).toEqual([12n]);
  expect(hub.after(13n, 5)).toEqual([]);
  expect(hub.after(9n, 5)).toBeUndefined();
});

test('the window slides by number and by bytes, and never has a hole', () => {
  const hub = createHub(0n, { maxEvents: 4, maxBytes: 1_000_000 });
  for (let position = 1n; position <= 30n; position++) {
    hub.publish([at(position)]);
    const oldest = position > 4n ? position - 4n : 0n;
    expect(positions(hub.after(oldest, 10))).toEqual(positions(range(oldest + 1n, position)));
    if (oldest > 0n) expect(hub.after(oldest - 1n, 10)).toBeUndefined();
  }
  const small = createHub(0n, { maxEvents: 100, maxBytes: 2_400 });
  small.publish(range(1n, 9n));
  expect(positions(small.after(7n, 10))).toEqual([8n, 9n]);
  expect(small.after(6n, 10)).toBeUndefined();
});

test('a window that cannot hold the newest event sends everybody to the log', () => {
  const hub = createHub(0n, { maxEvents: 4, maxBytes: 100 });
  hub.publish(range(1n, 2n));
  expect(hub.after(1n, 10)).toBeUndefined();
  expect(hub.after(2n, 10)).toEqual([]);
});

test('a reset forgets the window and tells the readers of a stream that they missed something', () => {
  const hub = createHub(0n);
  const heard: (bigint | undefined)[] = [];
  const off = hub.onStream('s', (event) => heard.push(event?.position));
  let advanced = 0;
  hub.onAdvance(() => advanced++);
  hub.publish([at(1n), at(2n, 'other')]);
  hub.reset(7n);
  off();
  hub.publish([at(8n)]);
  expect(heard).toEqual([1n, undefined]);
  expect(advanced).toBe(3);
  expect(hub.after(6n, 10)).toBeUndefined();
  expect(positions(hub.after(7n, 10))).toEqual([8n]);
});

test('the tail of a stream is all that the log has from a revision on, or nothing is said of it', () => {
  const step = fc.record({ stream: fc.constantFrom('a', 'b', 'c'), count: fc.integer({ max: 4 }) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 12 }),
      (steps, most) => {
        const hub = createHub(0n, { maxEvents: most });
        const log: RecordedEvent[] = [];
        const of = (stream: string) => log.filter((event) => event.stream === stream);
        for (const { stream, count } of steps) {
          const from = of(stream).length;
          const written = Array.from({ length: Math.max(0, count) }, (_, index) => ({
            ...at(BigInt(log.length + index + 1), stream),
            revision: BigInt(from + index),
          }));
          log.push(...written);
          hub.publish(written);
        }
        for (const last of log) {
          const before = of(last.stream).filter(({ revision }) => revision <= last.revision);
          for (const lowest of before.map(({ revision }) => revision)) {
            const wanted = before.filter(({ revision }) => revision >= lowest);
            const remembered = wanted.every((event) => log.slice(-most).includes(event));
            const tail = hub.tail(last.stream, lowest, last.position);
            expect(tail).toEqual(remembered ? wanted : undefined);
          }
        }
      },
    ),
  );
});

test('what another node has written is not in memory', () => {
  const hub = createHub(0n);
  hub.publish(range(1n, 3n));
  expect(positions(hub.tail('s', 2n, 3n))).toEqual([2n, 3n]);
  expect(hub.tail('s', 2n, 4n)).toBeUndefined();
  hub.reset(5n);
  expect(hub.tail('s', 2n, 3n)).toBeUndefined();
});
