import { expect, test, vi } from 'vitest';
import { together } from './together.ts';

/** Work whose turns end when the spec says so. */
function turns() {
  const begun: { items: readonly number[]; end: (answers: (string | Error)[]) => void }[] = [];
  const work = (items: readonly number[]) =>
    new Promise<(string | Error)[]>((end) => {
      begun.push({ items, end });
    });
  return { begun, work };
}

test('begins at once, and gathers what comes meanwhile for the next turn', async () => {
  const { begun, work } = turns();
  const ask = together(work);
  const asked = [1, 2, 3].map(ask);
  expect(begun.map(({ items }) => items)).toEqual([[1]]);
  begun[0]?.end(['one']);
  expect(await asked[0]).toBe('one');
  await vi.waitFor(() => expect(begun.map(({ items }) => items)).toEqual([[1], [2, 3]]));
  begun[1]?.end(['two', 'three']);
  expect(await Promise.all(asked)).toEqual(['one', 'two', 'three']);
  void ask(4);
  await vi.waitFor(() => expect(begun.at(-1)?.items).toEqual([4]));
});

test('tells an error to its item, or the failure of a turn to all of it, and goes on', async () => {
  const failure = new Error('the database is away');
  const turnsDone: (readonly number[])[] = [];
  const ask = together(
    async (items: readonly number[]) => {
      turnsDone.push(items);
      if (items.includes(0)) throw failure;
      return items.map((item) => (item < 0 ? new Error(`not ${item}`) : `did ${item}`));
    },
    (go) => void setImmediate(go),
  );
  const one = await Promise.allSettled([ask(1), ask(-1)]);
  expect(one).toMatchObject([
    { status: 'fulfilled', value: 'did 1' },
    { status: 'rejected', reason: { message: 'not -1' } },
  ]);
  const away = await Promise.allSettled([ask(0), ask(2)]);
  expect(away.map((each) => each.status === 'rejected' && each.reason)).toEqual([failure, failure]);
  expect(await ask(3)).toBe('did 3');
  expect(turnsDone).toEqual([[1, -1], [0, 2], [3]]);
});
