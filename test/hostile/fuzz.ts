/**
 * Fuzzes every route of a whole platform for a while: requests out of the routes' own schemas, mostly
 * good, often with something wrong. Then sends what was refused again and again, and looks whether
 * rows or memory grew from it.
 *
 *   npm run fuzz -- [--minutes 10] [--seed N] [--lanes 4] [--json]
 *
 * Ends with 1 on any 5xx, any refusal that is no proper problem document, any route that never took a
 * request, any row and any memory that refused requests left behind. The same seed makes the same requests (their ids are new).
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { z } from 'zod';
import { inParallel } from '../../embedded/demo/client/wait.ts';
import { startPlatform } from '../support/platform.ts';
import { allTargets, ends } from './api.ts';
import { type Shot, shotOf } from './arbitraries.ts';
import { countRows, growth } from './census.ts';
import { memoryGrowth, memoryOf } from './memory.ts';
import { callOffTimers } from './rest.ts';
import { curlOf, type Fired, fire, goodShot } from './shoot.ts';
import { createWorld } from './world.ts';

const whole = (fallback: number) => z.coerce.number().int().min(1).default(fallback);
const options = z
  .object({
    minutes: z.coerce
      .number()
      .positive()
      .max(24 * 60)
      .default(10),
    seed: z.coerce
      .number()
      .int()
      .default(randomInt(2 ** 31)),
    lanes: whole(4),
    json: z.boolean().default(false),
  })
  .parse(
    parseArgs({
      options: {
        minutes: { type: 'string' },
        seed: { type: 'string' },
        lanes: { type: 'string' },
        json: { type: 'boolean' },
      },
    }).values,
  );
const { lanes, minutes, seed } = options;

/** How many refused requests are kept, to be sent again. */
const KEPT = 5000;
const RUNS_A_BATCH = 400;
/** Of the time: the first part mixed, then refused requests alone, to warm up and to measure. */
const mixedMs = minutes * 60_000 * 0.6;
const refusedMs = minutes * 60_000 * 0.4;

const statuses = new Map<string, Map<number, number>>();
const refused: Shot[] = [];
const failures: string[] = [];
let requests = 0;

function note({ answer, shot }: Fired): void {
  requests += 1;
  const of = statuses.get(shot.target.name) ?? new Map<number, number>();
  of.set(answer.status, (of.get(answer.status) ?? 0) + 1);
  statuses.set(shot.target.name, of);
  if (answer.status < 400 || answer.status === 429) return;
  if (refused.length < KEPT) refused.push(shot);
  else refused[requests % KEPT] = shot;
}

/** How many of each class: `2xx`, `4xx`, and each 5xx by itself. */
function classesOf(of: ReadonlyMap<number, number> = new Map()): Record<string, number> {
  const classes: Record<string, number> = {};
  for (const [status, times] of of) {
    const name = status >= 500 || status === 0 ? String(status) : `${Math.floor(status / 100)}xx`;
    classes[name] = (classes[name] ?? 0) + times;
  }
  return classes;
}

const platform = await startPlatform();
const world = await createWorld(platform);
try {
  const targets = await allTargets();
  console.log(`${targets.length} routes, ${minutes} minutes, ${lanes} lanes: --seed ${seed}`);

  // Else nothing would live long enough to be enrolled in.
  const often = Array.from({ length: 6 }, () => targets.filter((target) => !ends(target))).flat();
  const property = fc.asyncProperty(
    fc.constantFrom(...often, ...targets.filter(ends)).chain((target) => shotOf(target, world)),
    async (shot) => {
      const fired = await fire(world, shot);
      note(fired);
      if (fired.faults.length > 0) throw new Error(fired.faults.join('; '));
    },
  );
  // Whatever chance brings, each route has a request that is good in all its parts.
  await inParallel(targets, lanes, async (target) => {
    const fired = await fire(world, goodShot(target));
    note(fired);
    const fine = fired.answer.status < 300 && fired.faults.length === 0;
    if (!fine)
      failures.push(`${target.name}, all good: ${fired.faults.join()}${fired.answer.text}`);
  });
  const mixedUntil = performance.now() + mixedMs;
  const lane = async (nth: number): Promise<void> => {
    for (let batch = 0; performance.now() < mixedUntil; batch += 1) {
      const details = await fc.check(property, {
        seed: seed + nth * 1_000_003 + batch,
        numRuns: RUNS_A_BATCH,
        interruptAfterTimeLimit: Math.max(1, mixedUntil - performance.now()),
        endOnFailure: false,
      });
      const shot = details.counterexample?.[0];
      if (!details.failed || shot === undefined) continue;
      failures.push(
        `${String(details.errorInstance)}\n  seed ${details.seed}, path ${details.counterexamplePath}\n  ${await curlOf(world, shot)}`,
      );
      // The same fault over and over says no more.
      if (failures.length >= 20) return;
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, nth) => lane(nth)));

  // Refused alone: the first half warms up, the second is measured.
  let growing = 0;
  const flood = async (forMs: number): Promise<number> => {
    const until = performance.now() + forMs;
    let sent = 0;
    const work = async (nth: number): Promise<void> => {
      for (let n = nth; performance.now() < until; n += lanes) {
        const shot = refused[n % refused.length];
        if (shot === undefined) return;
        const fired = await fire(world, shot);
        note(fired);
        sent += 1;
        if (fired.answer.status < 400) {
          growing += 1;
          refused.splice(refused.indexOf(shot), 1);
        }
        if (fired.faults.length > 0) failures.push(`again: ${fired.faults.join('; ')}`);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, nth) => work(nth)));
    return sent;
  };
  // What is taken now although it was refused before is not a refused request: it is let go of first.
  const stillRefused: Shot[] = [];
  for (const shot of refused.slice()) {
    const { answer } = await fire(world, shot);
    if (answer.status >= 400 && answer.status < 500) stillRefused.push(shot);
  }
  refused.splice(0, refused.length, ...stillRefused);
  await flood(refusedMs / 2);
  const look = async () => ({
    rows: await countRows(platform.databaseUrl),
    memory: await memoryOf(platform.pids),
  });
  const measure = async () => {
    growing = 0;
    const before = await look();
    const sent = await flood(refusedMs / 2);
    const after = await look();
    return { sent, taken: growing, before, after, rows: growth(before.rows, after.rows) };
  };
  await callOffTimers(platform.databaseUrl);
  // What was refused may be right later (a name that was taken is free): it is let go of, and the
  // rows are counted around the others again.
  let measured = await measure();
  for (let again = 0; again < 3 && measured.taken > 0; again += 1) measured = await measure();
  const { after, before, rows, sent, taken } = measured;
  failures.push(...rows.map((row) => `${sent} refused requests left rows: ${row}`));
  const counts = Object.fromEntries(
    targets.map(({ name }) => [name, classesOf(statuses.get(name))] as const),
  );
  for (const [name, of] of Object.entries(counts)) {
    if ((of['2xx'] ?? 0) === 0) failures.push(`${name} took no request: it was never reached`);
  }
  failures.push(...memoryGrowth(before.memory, after.memory));

  const report = {
    ...{ seed, minutes, requests, refusedAgain: sent, takenAmongThem: taken },
    statuses: counts,
    memoryMiB: { before: before.memory, after: after.memory },
    rows: { total: Object.values(after.rows).reduce((a, b) => a + b, 0), grown: rows },
    failures,
  };
  if (options.json) console.log(JSON.stringify(report));
  else print(report);
  if (failures.length > 0) process.exitCode = 1;
} finally {
  world.close();
  await platform.stop();
}

function print(report: {
  statuses: Record<string, Record<string, number>>;
  memoryMiB: { before: Record<string, number>; after: Record<string, number> };
  rows: { total: number; grown: readonly string[] };
  requests: number;
  refusedAgain: number;
  failures: readonly string[];
}): void {
  console.table(report.statuses);
  console.table(
    Object.fromEntries(
      Object.entries(report.memoryMiB.before).map(([part, before]) => [
        part,
        { 'before MiB': before, 'after MiB': report.memoryMiB.after[part] },
      ]),
    ),
  );
  console.log(
    `${report.requests} requests, of which ${report.refusedAgain} refused ones between the two counts; ${report.rows.total} rows, grown: ${report.rows.grown.join(', ') || 'none'}`,
  );
  for (const failure of report.failures) console.error(`\n${failure}`);
  console.log(
    report.failures.length === 0
      ? `no fault, --seed ${seed}`
      : `${report.failures.length} faults, --seed ${seed}`,
  );
}
