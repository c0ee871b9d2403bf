/**
 * How long it takes to build all read models from a long log, and how much memory.
 *
 *   node bench/rebuild.ts [--events 1000000] [--writers 64] [--json]
 *
 * The log holds seasons as the platform writes them. Every projection goes from an empty database to
 * the head of the log, together; it is all that this process does meanwhile, so its resident memory is
 * what a process of the role `projections` needs. Memory is looked at ten times a second: before, at
 * most, and afterwards. Each tenth of the log has a rate: one that falls would say that the cost grows
 * with the tables.
 *
 * Ends with 1 if an event was parked or not handled.
 */
import { environment } from './_kit/environment.ts';
import { residentMb } from './_kit/event-store/nodes.ts';
import { readFlags } from './_kit/options.ts';
import { progress, report } from './_kit/report.ts';
import { catchUp, writeLog } from './_kit/written-log.ts';

const options = readFlags({ events: 1_000_000, writers: 64 }, ['json']);
const LOOK_MS = 100;
const PARTS = 10;

const before = environment();
const refused: Record<string, number> = {};
const written = await writeLog(options);

try {
  progress('building');
  globalThis.gc?.();
  const memory = { before: residentMb(process.pid), most: 0, after: 0 };
  const handled: { readonly atMs: number; readonly ordinal: number }[] = [];
  const begin = performance.now();
  const looking = setInterval(() => {
    memory.most = Math.max(memory.most, residentMb(process.pid));
  }, LOOK_MS);
  const result = await catchUp(written, (ordinal) => {
    handled.push({ atMs: performance.now() - begin, ordinal });
  });
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(looking);
  memory.after = residentMb(process.pid);
  if (result.handled !== written.events || result.parked !== 0) {
    refused[`${result.handled} of ${written.events} handled, ${result.parked} parked`] = 1;
  }
  const perSecond = written.events / seconds;
  const parts = Array.from({ length: PARTS }, (_, part) => {
    const [from, to] = [part, part + 1].map((n) =>
      handled.find(({ ordinal }) => ordinal >= (n * written.events) / PARTS),
    );
    const last = to ?? handled.at(-1);
    if (from === undefined || last === undefined || last.atMs === from.atMs) return null;
    return Math.round(((last.ordinal - from.ordinal) * 1000) / (last.atMs - from.atMs));
  });
  const outcome = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options },
    ...{ events: written.events, seconds, perSecond, parts, memoryMb: memory, refused },
  };
  report(outcome, options.json, () => {
    console.log(outcome.environment);
    console.log(
      `${written.events.toLocaleString('en')} events in ${seconds.toFixed(1)} s: ${Math.round(perSecond).toLocaleString('en')} events/s`,
    );
    console.log(`  by tenths of the log: ${parts.join(', ')} events/s`);
    const mb = Object.entries(memory).map(([when, value]) => `${when} ${value.toFixed(0)}`);
    console.log(`  resident MB of this process: ${mb.join(', ')}`);
  });
} finally {
  await written.stop();
}
