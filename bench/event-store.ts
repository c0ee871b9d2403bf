/**
 * What the event store node does a second, as its clients see it, beside the same node with its log in
 * memory: same gRPC, same loop of the writer, no Postgres and no disk. Node, Postgres and load
 * generator are processes of their own; every append is on disk when it is answered.
 *
 *   node bench/event-store.ts [--only append,read,live,growth] [--pairs 7] [--seconds 1] [--quick]
 *                             [--profile] [--json]
 *
 * Each figure is the median of `pairs` pairs that take turns (durable, in memory, durable …), the ratio
 * the median of the pairs' ratios with the least and the most.
 *
 * - `append`: batch appends of 1 and 10 events with 1 to 512 in flight, and classic ones (a call each).
 *   Each begins a stream, but where it says otherwise.
 * - `read`: 100,000 events of one stream and of `$all`, both ways; times are of stretches of 1,000.
 * - `live`: what reaches 1, 10 and 50 subscribers to `$all`; times are from the append to each arrival.
 * - `growth`: a log of 1,000,000 events beside one of 10,000: cost of an append, memory, time to READY.
 *
 * `--quick` takes 3 pairs, smaller logs and shorter reads. `--profile` adds where the node spends its
 * time. The whole takes some six minutes on two cores that have nothing else to do.
 *
 * Ends with 1 if an append was lost, an event came twice or in the wrong place, or a log does not verify.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../embedded/postgres/index.ts';
import { removeFolder } from '../test/support/remove-folder.ts';
import { environment } from './_kit/environment.ts';
import { type AppendResult, measureAppends } from './_kit/event-store/append.ts';
import type { Bench } from './_kit/event-store/couple.ts';
import { type Growth, measureGrowth } from './_kit/event-store/growth.ts';
import { measureLive } from './_kit/event-store/live.ts';
import type { Comparison } from './_kit/event-store/pairs.ts';
import { measureReads } from './_kit/event-store/read.ts';
import { printComparisons, printGrowth, printTargets } from './_kit/event-store/tables.ts';
import { targetsOf } from './_kit/event-store/targets.ts';
import { readFlags } from './_kit/options.ts';
import { progress, report } from './_kit/report.ts';

const QUICK = { pairs: 3, seconds: 1 };
const PARTS = ['append', 'read', 'live', 'growth'] as const;

const options = readFlags({ pairs: 7, seconds: 1 }, ['quick', 'profile', 'json'], { only: PARTS });
const { quick, profile, only } = options;
const { pairs, seconds } = quick ? QUICK : options;

const before = environment();
const folder = mkdtempSync(join(tmpdir(), 'bench-event-store-'));
const postgres = await startPostgres({ dataDir: folder });
const refused: Record<string, number> = {};
const bench: Bench = {
  ...{ pairs, seconds, quick, profile },
  postgresPid: postgres.pid,
  database: (name) => postgres.createDatabase(name),
  wrong: (what) => {
    if (Object.keys(refused).length < 10) progress(`WRONG: ${what}`);
    refused[what] = (refused[what] ?? 0) + 1;
  },
};

try {
  const appends: AppendResult[] = only.includes('append') ? await measureAppends(bench) : [];
  const reads: Comparison[] = only.includes('read') ? await measureReads(bench) : [];
  const live: Comparison[] = only.includes('live') ? await measureLive(bench) : [];
  const growth: Growth | undefined = only.includes('growth')
    ? await measureGrowth(bench)
    : undefined;
  const targets = targetsOf({ appends, reads, growth });
  const result = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options, pairs, seconds },
    ...{ appends, reads, live, growth, targets, refused },
  };
  report(result, options.json, () => {
    console.log(result.environment);
    printComparisons([...appends.map(({ comparison }) => comparison), ...reads, ...live]);
    if (growth !== undefined) printGrowth(growth);
    printTargets(targets);
    for (const { comparison, profile: lines } of appends) {
      if (lines === undefined) continue;
      console.log(`${comparison.what}: self time of the node in µs an event (wall)`);
      console.table(lines.map(({ what, us }) => ({ what, µs: us.toFixed(1) })));
    }
  });
} finally {
  await postgres.stop();
  removeFolder(folder);
}
