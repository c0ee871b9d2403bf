import { expect, test } from 'vitest';
import { repeat } from './repeat.ts';

test('a failure is told and the work goes on; a stop waits for what is under way', async () => {
  const failures: unknown[] = [];
  const third = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  let runs = 0;
  let ended = false;
  const repeated = repeat({
    everyMs: 1,
    work: async () => {
      runs += 1;
      if (runs < 3) throw new Error(`failure ${runs}`);
      third.resolve();
      await end.promise;
      ended = true;
    },
    failed: (error) => failures.push(error),
  });
  await third.promise;
  expect(failures).toEqual([new Error('failure 1'), new Error('failure 2')]);
  const stopped = repeated.stop();
  end.resolve();
  await stopped;
  expect({ runs, ended }).toEqual({ runs: 3, ended: true });
});
