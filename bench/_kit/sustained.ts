import { setTimeout as delay } from 'node:timers/promises';
import { consumersAt, lowestOrdinal, untilHandled, untilSettled } from './consumers.ts';
import { driveAt, type Figures } from './drive.ts';
import { progress } from './report.ts';
import type { Season } from './season.ts';

/** One rate of an open load. */
export type Step = {
  /** Asked for; what was answered is in `figures`. */
  readonly perSecond: number;
  readonly figures: Figures;
  /** The most that a consumer of the log was behind, in milliseconds. */
  readonly lagMs: number;
  /** How long the last consumer took after the last answer, in milliseconds. */
  readonly behindMs: number;
  /** All of it was answered in time and nobody was a second behind. */
  readonly held: boolean;
};

const MOST_BEHIND_MS = 1000;
/** Less than this part of what was asked for is a queue that grows. */
const ANSWERED = 0.97;
const GROWTH = 1.2;
const SAMPLE_MS = 200;

/** Looks between the last rate that held and the first that did not. */
const HALVINGS = 2;

/**
 * Rates from `from` on, each a fifth more than the last, up to the first that does not hold; then
 * between the two. The last step that held is the highest rate that did.
 */
export async function sustained(options: {
  readonly season: Season;
  readonly action: (n: number) => Promise<unknown>;
  readonly eventsPerAction: number;
  readonly from: number;
  readonly seconds: number;
}): Promise<Step[]> {
  const steps: Step[] = [];
  const holds = async (rate: number): Promise<boolean> => {
    progress(`open load of ${Math.round(rate)} a second`);
    const tried = await step(options, Math.round(rate));
    steps.push(tried);
    return tried.held;
  };
  let fails = options.from;
  while (await holds(fails)) fails *= GROWTH;
  let held = steps.at(-2)?.perSecond;
  for (let n = 0; n < HALVINGS && held !== undefined; n += 1) {
    const between = (held + fails) / 2;
    if (await holds(between)) held = between;
    else fails = between;
  }
  return steps;
}

async function step(
  { season, action, eventsPerAction, seconds }: Parameters<typeof sustained>[0],
  perSecond: number,
): Promise<Step> {
  const { readUrl } = season.platform;
  await untilSettled(readUrl);
  const begun = await lowestOrdinal(readUrl);
  const watch = watchLag(readUrl);
  const figures = await driveAt(perSecond, seconds, action);
  const behindMs = await untilHandled(readUrl, begun + figures.count * eventsPerAction);
  const lagMs = await watch.stop();
  const held =
    figures.perSecond >= perSecond * ANSWERED &&
    lagMs < MOST_BEHIND_MS &&
    behindMs < MOST_BEHIND_MS &&
    figures.p99Ms < MOST_BEHIND_MS;
  return { perSecond, figures, lagMs, behindMs, held };
}

/** Looks at the lag of all consumers until it is stopped; then says the most it saw. */
function watchLag(readUrl: string): { stop(): Promise<number> } {
  let stopped = false;
  let most = 0;
  const watching = (async () => {
    while (!stopped) {
      for (const { lagSeconds } of (await consumersAt(readUrl)).values()) {
        most = Math.max(most, lagSeconds * 1000);
      }
      await delay(SAMPLE_MS);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await watching;
      return most;
    },
  };
}
