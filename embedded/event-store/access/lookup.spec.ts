import { expect, test } from 'vitest';
import { createLookup } from './lookup.ts';

/** Questions that are answered when the test says so. */
const held = () => {
  const answers: ((value: string) => void)[] = [];
  const asked: string[] = [];
  const ask = (key: string): Promise<string> => {
    asked.push(key);
    return new Promise((resolve) => {
      answers.push(resolve);
    });
  };
  return { asked, ask, answer: (index: number, value: string) => answers[index]?.(value) };
};

test('asks once, and knows it then', async () => {
  const { asked, ask, answer } = held();
  const lookup = createLookup(10, ask);
  const [first, second] = [lookup.get('a'), lookup.get('a')];
  expect(second).toBe(first);
  answer(0, 'x');
  expect(await first).toBe('x');
  expect(lookup.get('a')).toBe('x');
  expect(asked).toEqual(['a']);
});

test('what is learned is newer than what was being asked', async () => {
  const { asked, ask, answer } = held();
  const lookup = createLookup(10, ask);
  const old = lookup.get('a');
  lookup.learn('a', 'new');
  expect(lookup.get('a')).toBe('new');
  answer(0, 'old');
  expect(await old).toBe('old');
  expect(lookup.get('a')).toBe('new');
  expect(asked).toEqual(['a']);
});

test('after something was forgotten nobody gets the answer to an older question', async () => {
  const { asked, ask, answer } = held();
  const lookup = createLookup(10, ask);
  const old = lookup.get('a');
  lookup.forget();
  const fresh = lookup.get('a');
  answer(1, 'new');
  answer(0, 'old');
  expect([await old, await fresh]).toEqual(['old', 'new']);
  expect(lookup.get('a')).toBe('new');
  expect(asked).toEqual(['a', 'a']);
});

test('without room every question is asked, also the one after something was learned', async () => {
  const { asked, ask, answer } = held();
  const lookup = createLookup(0, ask);
  const old = lookup.get('a');
  lookup.learn('a', 'learned');
  const fresh = lookup.get('a');
  expect(fresh).not.toBe(old);
  answer(0, 'old');
  answer(1, 'new');
  expect(await fresh).toBe('new');
  expect(asked).toEqual(['a', 'a']);
});

test('a question that failed is asked again', async () => {
  let tries = 0;
  const lookup = createLookup(10, async () => {
    tries += 1;
    if (tries === 1) throw new Error('away');
    return 'x';
  });
  await expect(lookup.get('a')).rejects.toThrow('away');
  expect(await lookup.get('a')).toBe('x');
});
