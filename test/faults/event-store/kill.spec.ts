import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'vitest';
import type { Victim } from './cluster.ts';
import { type Random, seeded } from './random.ts';
import { rounds, seed } from './rounds.ts';
import { type Stage, underLoad } from './stage.ts';

const ROUNDS = rounds(5);
const victims: readonly [Victim, ...Victim[]] = ['postmaster', 'everybody', 'a child'];

const killOnce = async ({ cluster, node, writers }: Stage, random: Random): Promise<boolean> => {
  // Now and then into the start of what was killed just before.
  if (random.often(0.8)) {
    await Promise.all([cluster.up(), node.connections()]);
    await writers.more(1 + random.below(150));
  }
  await delay(random.below(120));
  const what = random.pick(['node', 'postgres', 'node', 'postgres', 'both']);
  const ofNode = what === 'postgres' ? 0 : node.kill();
  const ofPostgres = what === 'node' ? 0 : cluster.kill(random.pick(victims), random);
  return ofNode + ofPostgres > 0;
};

test(
  `kill -9 of the node and of Postgres, ${ROUNDS} times under 64 writers: nothing lost, nothing twice, everything in order`,
  async () => {
    console.log(`ROUNDS=${ROUNDS} SEED=${seed}`);
    const random = seeded(seed);
    await underLoad({ writers: 64, seed }, async (stage) => {
      // A kill that finds nobody does not count.
      for (let kills = 0; kills < ROUNDS; ) if (await killOnce(stage, random)) kills += 1;
    });
  },
  120_000 + ROUNDS * 5_000,
);
