import { type Direction, END, type ReadRevision, START } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  failure,
  happened,
  newStream,
  openTarget,
  read,
  revisions,
  several,
  type Target,
} from './target.ts';

let target: Target;
const stream = newStream();
beforeAll(async () => {
  target = await openTarget();
  await target.client.appendToStream(stream, several(10));
});
afterAll(() => target.close());

const range = (from: number, to: number): bigint[] => {
  const step = from <= to ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => BigInt(from + index * step));
};

test.each<[Direction, ReadRevision, number | undefined, bigint[]]>([
  ['forwards', START, undefined, range(0, 9)],
  ['forwards', 0n, 3, range(0, 2)],
  ['forwards', 4n, undefined, range(4, 9)],
  ['forwards', 4n, 2, range(4, 5)],
  ['forwards', 9n, undefined, [9n]],
  ['forwards', 10n, undefined, []],
  ['forwards', END, undefined, []],
  ['backwards', END, undefined, range(9, 0)],
  ['backwards', END, 1, [9n]],
  ['backwards', 4n, undefined, range(4, 0)],
  ['backwards', 4n, 2, range(4, 3)],
  ['backwards', 4_000n, 2, range(9, 8)],
  ['backwards', START, undefined, [0n]],
])('%s from %s, at most %s', async (direction, fromRevision, maxCount, expected) => {
  const options = { direction, fromRevision, ...(maxCount === undefined ? {} : { maxCount }) };
  expect(revisions(await read(target.client.readStream(stream, options)))).toEqual(expected);
});

test('a stream that never was is not found, by its name', async () => {
  const missing = newStream();
  expect(await failure(read(target.client.readStream(missing)))).toMatchObject({
    type: 'stream-not-found',
    streamName: missing,
  });
});

test('a long stream comes whole and in order, either way', async () => {
  const long = newStream();
  for (let n = 0; n < 3_000; n += 500) await target.client.appendToStream(long, several(500, n));
  const forwards = await read(target.client.readStream(long));
  expect(forwards.map((one) => one.event?.data)).toEqual(
    range(0, 2_999).map((n) => ({ n: Number(n) })),
  );
  const backwards = await read(
    target.client.readStream(long, { direction: 'backwards', fromRevision: END }),
  );
  expect(revisions(backwards)).toEqual(range(2_999, 0));
});

test('a reader sees its own write at once', async () => {
  const own = newStream();
  for (let n = 0; n < 30; n++) {
    await target.client.appendToStream(own, happened(n));
    const [last] = await read(
      target.client.readStream(own, { direction: 'backwards', fromRevision: END, maxCount: 1 }),
    );
    expect(last?.event?.data).toEqual({ n });
  }
});

test('a reader that stops early leaves nothing behind', async () => {
  let seen = 0;
  for await (const _event of target.client.readStream(stream)) {
    seen += 1;
    if (seen === 3) break;
  }
  expect(seen).toBe(3);
  expect(await read(target.client.readStream(stream))).toHaveLength(10);
});
