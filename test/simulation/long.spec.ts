import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { explore } from './explore.ts';
import { run } from './run.ts';
import { plans } from './steps.ts';
import { differs, storms } from './storm.ts';
import { foundText } from './tell.ts';
import { type Engine, openEngine } from './world/database.ts';

/** `npm run faults` plays other plans each day; SEEDS=N as many as one likes. */
const SEEDS = Number(process.env['SEEDS'] ?? 200);
const STORMS = Number(process.env['STORMS'] ?? 60);
const SEED = Number(process.env['SEED'] ?? Math.floor(Date.now() / 86_400_000));

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

it(
  `keeps its promises in ${SEEDS} simulated plans of seed ${SEED}`,
  async () => {
    const { found } = await explore({ engine, seeds: SEEDS, seed: SEED, shrinkMs: 30_000 });
    if (found !== null) throw new Error(foundText(found));
    expect(found).toBeNull();
  },
  SEEDS * 2000,
);

it(
  `ends in the same bytes, in order and in a storm of webhooks, ${STORMS} times`,
  async () => {
    const property = fc.asyncProperty(storms, async (storm) => {
      expect(await differs(engine, storm)).toBeNull();
    });
    await fc.assert(property, { numRuns: STORMS, seed: SEED });
  },
  STORMS * 5000,
);

it('plays twenty plans twice, each to the same trace', async () => {
  for (const plan of fc.sample(plans(), { numRuns: 20, seed: SEED })) {
    const first = await run(engine, plan);
    expect((await run(engine, plan)).hash).toBe(first.hash);
  }
});
