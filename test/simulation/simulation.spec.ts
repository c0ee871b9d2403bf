import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { explore } from './explore.ts';
import { run } from './run.ts';
import { keptSeeds } from './seeds.ts';
import { plans } from './steps.ts';
import { differs, storms } from './storm.ts';
import { foundText, violationLines } from './tell.ts';
import { type Engine, openEngine } from './world/database.ts';

/** `npm test` plays a few plans, the same each time; SEEDS=N plays more of them, SEED=S others. */
const SEEDS = Number(process.env['SEEDS'] ?? 8);
const SEED = Number(process.env['SEED'] ?? 2027);
const STORMS = Number(process.env['STORMS'] ?? 2);
const SHRINK_MS = Number(process.env['SHRINK_MS'] ?? 10_000);

class PromiseBroken extends Error {
  override readonly name = 'PromiseBroken';
}

let database: TestDatabase;
let engine: Engine;
beforeAll(async () => {
  database = await createTestDatabase();
  engine = await openEngine(database.url);
});
afterAll(async () => {
  await engine.end();
  await database.drop();
});

describe('the simulated platform', () => {
  it(`keeps its promises in ${SEEDS} plans`, async () => {
    const { found, runs } = await explore({
      engine,
      seeds: SEEDS,
      seed: SEED,
      shrinkMs: SHRINK_MS,
    });
    // All of it, not the first words of a long string.
    if (found !== null) throw new PromiseBroken(foundText(found));
    expect(runs).toBe(SEEDS);
  }, 300_000);

  it.each(keptSeeds)('keeps them where it once did not: $found', async ({ plan }) => {
    const { violations } = await run(engine, plan);
    if (violations.length > 0) throw new PromiseBroken(violationLines(violations));
    expect(violations).toEqual([]);
  });

  it(`ends in the same bytes, in order and in a storm of webhooks, ${STORMS} times`, async () => {
    for (const storm of fc.sample(storms, { numRuns: STORMS, seed: SEED })) {
      const difference = await differs(engine, storm);
      if (difference !== null) throw new PromiseBroken(difference);
      expect(difference).toBeNull();
    }
  });

  it('plays the same plan the same way: trace by trace, task by task', async () => {
    for (const plan of fc.sample(plans(), { numRuns: 3, seed: SEED })) {
      const first = await run(engine, plan);
      const second = await run(engine, plan);
      expect(second.trace).toEqual(first.trace);
      expect(second.hash).toBe(first.hash);
      expect((await run(engine, { ...plan, seed: plan.seed + 1 })).hash).not.toBe(first.hash);
    }
  });
});
