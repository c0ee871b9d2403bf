import { expect, test } from 'vitest';
import { rounds, seed } from './rounds.ts';
import { underLoad } from './stage.ts';

const TIMES = Math.min(rounds(2), 20);

test(`Postgres is restarted ${TIMES} times under 64 writers: the node heals by itself`, async () => {
  await underLoad({ writers: 64, seed }, async ({ cluster, node, writers }) => {
    const { pid } = node;
    for (let time = 0; time < TIMES; time++) {
      await cluster.shutDown();
      await cluster.up();
      await writers.more(100);
    }
    expect(node.pid).toBe(pid);
    expect(node.starts).toBe(1);
  });
}, 120_000);
