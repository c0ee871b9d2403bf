import { expect, it } from 'vitest';
import { createLogger } from '../../platform/log/index.ts';
import { startLoop, untilDue } from './loop.ts';

const log = createLogger({ level: 'silent', name: 'spec' });
const HOUR_MS = 3_600_000;

/** A loop whose turns a spec ends one by one. */
function stepping() {
  const turns: PromiseWithResolvers<number>[] = [];
  const loop = startLoop({
    ...{ log, what: 'work' },
    turn: () => {
      const turn = Promise.withResolvers<number>();
      turns.push(turn);
      return turn.promise;
    },
  });
  return { loop, turns };
}

it('sleeps after a turn until it is woken, and does not lose a wake during one', async () => {
  const { loop, turns } = stepping();
  turns[0]?.resolve(0);
  await expect.poll(() => turns.length).toBe(2);
  loop.wake();
  turns[1]?.resolve(HOUR_MS);
  await expect.poll(() => turns.length).toBe(3);
  turns[2]?.resolve(HOUR_MS);
  const stopped = loop.stop();
  await stopped;
  expect(turns).toHaveLength(3);
  expect(loop.stopped()).toBe(true);
});

it('goes on after a turn that failed', async () => {
  const { loop, turns } = stepping();
  turns[0]?.reject(new Error('away'));
  loop.wake();
  await expect.poll(() => turns.length).toBe(2);
  turns[1]?.resolve(HOUR_MS);
  await loop.stop();
});

it('sleeps a moment at least, and never long', () => {
  expect([null, 0, 20, HOUR_MS].map(untilDue)).toEqual([1000, 1, 20, 1000]);
});
