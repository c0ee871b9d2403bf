/**
 * How fast all read models together catch up with a log, beside what the official client reads of the
 * same log when nobody does anything with it.
 *
 *   node bench/catch-up.ts [--events 100000] [--writers 64] [--pairs 7] [--profile] [--json]
 *
 * The log holds seasons as the platform writes them (every event type that a read model listens to,
 * personal values sealed), written by `writers` side by side. Then pairs that take turns: every
 * projection from an empty database to the head of the log, and a bare `readAll` of the official
 * client. The ratio is the median of the pairs' ratios, with the least and the most. Event store node
 * and Postgres are processes of their own; client and projections are this one.
 *
 * `--profile` adds where this process spends one catch-up. Ends with 1 if an event was parked or a
 * projection did not count what the client did.
 */
import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import { type Figures, figuresOf } from './_kit/drive.ts';
import { environment } from './_kit/environment.ts';
import { inPairs } from './_kit/event-store/pairs.ts';
import { printComparisons } from './_kit/event-store/tables.ts';
import { readFlags } from './_kit/options.ts';
import { profiledHere } from './_kit/profile-here.ts';
import { progress, report } from './_kit/report.ts';
import { catchUp, type Written, writeLog } from './_kit/written-log.ts';

const options = readFlags({ events: 100_000, writers: 64, pairs: 7 }, ['profile', 'json']);
const LINES_OF_A_PROFILE = 30;

const before = environment();
const refused: Record<string, number> = {};
const wrong = (what: string): void => {
  progress(`WRONG: ${what}`);
  refused[what] = (refused[what] ?? 0) + 1;
};

const written = await writeLog(options);
const client = EventStoreDBClient.connectionString(written.url);

/** What the client does with a log and nothing else does: events counted. */
async function bareRead({ events }: Written): Promise<Figures> {
  const begin = performance.now();
  let count = 0;
  for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
    if (event?.type.startsWith('$') === false) count += 1;
  }
  if (count !== events) wrong(`the client read ${count} events, not ${events}`);
  return runOf(count, begin);
}

async function allProjections(): Promise<Figures> {
  const begin = performance.now();
  const { handled, parked } = await catchUp(written);
  if (handled !== written.events) wrong(`${handled} events were handled, not ${written.events}`);
  if (parked !== 0) wrong(`${parked} events were parked`);
  return runOf(handled, begin);
}

/** One run is one piece of work: it has a rate, and no times. */
function runOf(count: number, begin: number): Figures {
  const elapsedMs = performance.now() - begin;
  return { ...figuresOf([], elapsedMs), count, perSecond: (count * 1000) / elapsedMs };
}

try {
  progress('warming up');
  await bareRead(written);
  await allProjections();
  const { pid, postgresPid } = written;
  const comparison = await inPairs({
    what: `catch-up of ${options.events.toLocaleString('en')} events`,
    ...{ pairs: options.pairs, postgresPid },
    one: { name: 'all projections', pid, run: allProjections },
    other: { name: 'bare readAll', pid, run: () => bareRead(written) },
  });
  const profile = options.profile ? await profiledHere(allProjections) : null;
  const result = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options },
    ...{ comparison, profile, refused },
  };
  report(result, options.json, () => {
    console.log(result.environment);
    printComparisons([comparison]);
    const each = (runs: readonly { perSecond: number }[]) =>
      runs.map(({ perSecond }) => Math.round(perSecond)).join(', ');
    for (const { name, runs, cpuUs } of [comparison.one, comparison.other]) {
      console.log(`${name}: ${each(runs)} events/s`);
      console.log(
        `  CPU µs an event: node ${cpuUs.node.toFixed(1)}, Postgres ${cpuUs.postgres.toFixed(1)}, this process ${cpuUs.generator.toFixed(1)}`,
      );
    }
    if (profile === null) return;
    const lines = (times: typeof profile.places) =>
      times.slice(0, LINES_OF_A_PROFILE).map(({ what, ms }) => ({
        what,
        'µs an event': Number(((ms * 1000) / written.events).toFixed(2)),
      }));
    console.table(lines(profile.places));
    console.table(lines(profile.functions));
  });
} finally {
  await client.dispose();
  await written.stop();
}
