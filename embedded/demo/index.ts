import { join } from 'node:path';
import type { z } from 'zod';
import { createHttp } from './client/http.ts';
import { platformClient, type Where } from './client/platform.ts';
import { type stripeKeys, stripeSide } from './client/stripe.ts';
import type { Refused } from './files.ts';
import { type Break, findBreaks, plantBreak, type Settled, settle, sumOf } from './play/books.ts';
import { callOff, cancelAndMoveUp } from './play/changes.ts';
import { openDoors } from './play/door.ts';
import { payByCard } from './play/pay.ts';
import { hireStaff, planActivities, publishArticles } from './play/prepare.ts';
import { enrollEverybody, registerPeople } from './play/sign-up.ts';
import type { Stage } from './play/stage.ts';
import { readSeason } from './season.ts';

export type { Refused } from './files.ts';
export type { Break, Settled } from './play/books.ts';

/** The season that comes with the platform. */
export const seasonFolder = join(import.meta.dirname, 'season');

export type DemoOptions = Where & {
  readonly stripeUrl: string;
  readonly stripeKeys: z.output<typeof stripeKeys>;
  /** Where the season's files are. */
  readonly folder?: string;
  /** Takes a cent from a payment at the end, for the books to find. */
  readonly plantBreak: boolean;
  /** Told as it goes; `total` is 0 while it is not known. */
  readonly onProgress: (act: string, done: number, total: number) => void;
};

export type DemoResult = {
  readonly year: number;
  readonly settled: readonly Settled[];
  /** Everybody and everything that was turned away, by file and line. */
  readonly refused: readonly Refused[];
  readonly breaks: readonly Break[];
  /** In cents: 0 says that our books, Stripe and the tills agree. */
  readonly difference: number;
};

/**
 * Plays a season through the public APIs, and through what Stripe shows a client app: nothing here
 * knows more of the platform than its users do. Every wish carries a key made of what is wished, so
 * that playing again finishes what was cut off and doubles nothing.
 */
export async function playSeason(options: DemoOptions): Promise<DemoResult> {
  const season = readSeason(options.folder ?? seasonFolder, Temporal.Now.plainDateISO());
  const http = createHttp();
  const refused = [...season.refused];
  const opening = {
    season,
    platform: platformClient(http, options),
    stripe: stripeSide(http, options.stripeUrl, options.stripeKeys),
    turnedAway: (each: Refused) => void refused.push(each),
    progress: () => undefined,
  };
  try {
    const people = await hireStaff(opening);
    const act = (name: string): Stage => ({
      ...opening,
      ...people,
      progress: (done, total) => options.onProgress(name, done, total),
    });
    await publishArticles(act('articles'));
    const activities = await planActivities(act('activities'));
    const persons = await registerPeople(act('people'));
    const guests = await enrollEverybody(act('sign-ups'), persons, activities);
    await payByCard(act('cards'), guests);
    await cancelAndMoveUp(act('second thoughts'), guests);
    const off = await callOff(act('called off'), activities, guests);
    const held = activities.filter((activity) => !off.includes(activity));
    await openDoors(act('doors'), held, guests);
    if (options.plantBreak) await plantBreak(act('a planted cent'), guests);
    const settled = await settle(act('books'), activities, guests);
    const breaks = await findBreaks({ platform: opening.platform, admin: people.admin });
    return {
      year: season.year,
      settled,
      refused: refused.sort(
        (one, other) => one.file.localeCompare(other.file) || one.line - other.line,
      ),
      breaks,
      difference: sumOf(breaks),
    };
  } finally {
    http.close();
  }
}
