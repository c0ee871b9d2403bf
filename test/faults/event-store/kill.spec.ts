import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'vitest';
import type { Victim } from './cluster.ts';
import { type Random, seeded } from './random.ts';
import { rounds, seed } from './rounds.ts';
import { type Stage, underLoad } from './stage.ts';

const ROUNDS = rounds(5);
const victims: readonly [Victim, ...Victim[]] = ['postmaster', 'everybody', 'a child'];

const killOnce = async ({ cluster, node, writers }: Stage, random: Random): Promise<void> => {
  // Now and then into the start of what was killed just before.
  if (random.often(0.8)) {
    await Promise.all([cluster.up(), node.connections()]);
    await writers.more(1 + random.below(150));
  }
  await delay(random.below(120));
  const what = random.pick(['node', 'postgres', 'node', 'postgres', 'both']);
  if (what !== 'postgres') node.kill();
  if (what !== 'node') cluster.kill(random.pick(victims), random);
};

test(
  `kill -9 of the node and of Postgres, ${ROUNDS} times under 64 writers: nothing lost, nothing twice, everything in order`,
  async () => {
    console.log(`ROUNDS=${ROUNDS} SEED=${seed}`);
    const random = seeded(seed);
    await underLoad({ writers: 64, seed }, async (stage) => {
      for (let round = 0; round < ROUNDS; round++) await killOnce(stage, random);
    });
  },
  120_000 + ROUNDS * 5_000,
);
