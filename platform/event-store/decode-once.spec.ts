import { expect, it } from 'vitest';
import type { Codec, RawEvent } from './codec.ts';
import { createDecodeOnce } from './decode-once.ts';

const raw = (id: string): RawEvent => ({
  ...{ id, stream: 's-1', revision: 0, position: 1n, type: 'Happened' },
  ...{ created: new Date(0), data: {}, metadata: {} },
});

/** A codec whose answers wait until they are let go. */
function slowCodec() {
  const asked: string[][] = [];
  const waiting: { answer: () => void; fail: (error: Error) => void }[] = [];
  const decode: Codec['decode'] = (raws) => {
    asked.push(raws.map(({ id }) => id));
    return new Promise((resolve, reject) => {
      waiting.push({
        answer: () => resolve(raws.map(({ id }) => new Error(`poison ${id}`))),
        fail: reject,
      });
    });
  };
  return { asked, waiting, decode };
}

it('events that are shared are decoded once, also when several ask at the same time', async () => {
  const { asked, waiting, decode } = slowCodec();
  const once = createDecodeOnce(decode);
  const raws = ['a', 'b', 'c'].map(raw);
  once.share(raws);
  const one = once.decode(raws.slice(0, 2));
  const other = once.decode(raws);
  for (const { answer } of waiting) answer();
  const [first, second] = [await one, await other];
  expect(asked).toEqual([['a', 'b'], ['c']]);
  expect(second.map((result) => (result as Error).message)).toEqual([
    'poison a',
    'poison b',
    'poison c',
  ]);
  expect(second[0]).toBe(first[0]);
});

it('what is not shared is decoded for whoever asks', async () => {
  const { asked, waiting, decode } = slowCodec();
  const once = createDecodeOnce(decode);
  const raws = [raw('a')];
  const both = [once.decode(raws), once.decode(raws)];
  for (const { answer } of waiting) answer();
  await Promise.all(both);
  expect(asked).toEqual([['a'], ['a']]);
});

it('a key store that was away is asked again', async () => {
  const { asked, waiting, decode } = slowCodec();
  const once = createDecodeOnce(decode);
  const raws = [raw('a')];
  once.share(raws);
  const both = [once.decode(raws), once.decode(raws)];
  waiting[0]?.fail(new Error('away'));
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual([
    'rejected',
    'rejected',
  ]);
  const again = once.decode(raws);
  waiting[1]?.answer();
  expect(await again).toHaveLength(1);
  expect(asked).toEqual([['a'], ['a']]);
});
