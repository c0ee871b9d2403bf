import { expect, test } from 'vitest';
import type { RecordedEvent } from '../core/model.ts';
import { createWaiting } from './waiting.ts';

const event = (revision: number, bytes = 10): RecordedEvent => ({
  ...{ id: '', type: 't', json: false, stream: 's', created: 0n, metadata: Buffer.alloc(0) },
  ...{ revision: BigInt(revision), position: BigInt(revision), data: Buffer.alloc(bytes) },
});

test('first everything has to be read, then what comes waits in its order', () => {
  const waiting = createWaiting();
  expect(waiting.missed).toBe(true);
  waiting.push(event(0));
  expect(waiting.take()).toEqual([]);
  for (const n of [1, 2, 3]) waiting.push(event(n));
  expect([waiting.missed, waiting.length]).toEqual([false, 3]);
  expect(waiting.take().map(({ revision }) => revision)).toEqual([1n, 2n, 3n]);
  expect(waiting.length).toBe(0);
});

const overflowing = [
  ['too many events', Array.from({ length: 513 }, (_, n) => event(n))],
  ['too many bytes', [event(1, 600_000), event(2, 600_000)]],
  ['word that some were missed', [event(1), undefined]],
] as const;
test.each(overflowing)('after %s nothing waits and the log has to be read', (_what, events) => {
  const waiting = createWaiting();
  waiting.take();
  for (const one of events) waiting.push(one);
  expect([waiting.missed, waiting.length]).toEqual([true, 0]);
  waiting.take();
  waiting.push(event(9));
  expect([waiting.missed, waiting.length]).toEqual([false, 1]);
});
