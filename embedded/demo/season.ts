import { join } from 'node:path';
import { z } from 'zod';
import { type InFile, type Refused, readArticles, readRows } from './files.ts';
import { instantAt, inYear, yearsToShift } from './season-year.ts';

const text = z.string().min(1, { error: 'expected something' });
const choice = <const V extends Readonly<Record<string, unknown>>>(values: V) =>
  z
    .string()
    .refine((cell) => Object.hasOwn(values, cell), {
      error: `expected ${Object.keys(values)
        .map((each) => (each === '' ? 'nothing' : each))
        .join(' or ')}`,
    })
    .transform((cell) => values[cell] as V[keyof V]);
const whole = z
  .string()
  .regex(/^\d{1,6}$/, { error: 'expected a whole number' })
  .transform(Number);

const localTime = z.string().transform((cell, context) => {
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d)$/.exec(cell) ?? [];
  try {
    if (day !== undefined) return Temporal.PlainDateTime.from(`${day}T${time}`);
  } catch {
    // A day or hour that no calendar has: the message below says what would be right.
  }
  context.addIssue({ code: 'custom', message: 'expected a day and time such as 2027-03-06 10:00' });
  return z.NEVER;
});

/** Exact: a price never goes through a binary fraction. */
const euros = z
  .string()
  .regex(/^\d{1,6}([.,]\d\d)?$/, { error: 'expected euros such as 25.00' })
  .transform((cell) => {
    const [whole = '0', cents = '00'] = cell.split(/[.,]/);
    return Number(whole) * 100 + Number(cents);
  });

const timeZone = z.string().refine((cell) => Intl.supportedValuesOf('timeZone').includes(cell), {
  error: 'expected an IANA time zone such as Europe/Berlin',
});

const activityColumns = {
  title: ['Title', text],
  venue: ['Venue', text],
  starts: ['Starts', localTime],
  ends: ['Ends', localTime],
  timeZone: ['Time zone', timeZone],
  price: ['Price EUR', euros],
  capacity: ['Seats', whole],
  waitlist: ['Waitlist', choice({ yes: true, no: false })],
  seatsPerMember: ['Seats per person', whole],
  species: ['Species', z.string().transform((cell) => cell.split(/, */).filter((s) => s !== ''))],
  minAgeMonths: ['Minimum age in months', z.union([z.literal('').transform(() => null), whole])],
  description: ['Description', z.string()],
} as const;

const signUpColumns = {
  at: ['Zeitstempel / Timestamp', text],
  name: ['Full name', z.string()],
  // Whether it is one is for the platform to say.
  email: ['E-mail address', z.string()],
  activity: ['Which activity?', text],
  petName: ["Your pet's name", z.string()],
  species: ['Kind of pet', z.string()],
  born: [
    'Born',
    z.union([z.literal('').transform(() => null), z.iso.date({ error: 'expected 2024-05-17' })]),
  ],
  pays: [
    'How will you pay?',
    choice({ Card: 'card', 'Cash at the door': 'cash', '': 'nothing' } as const),
  ],
} as const;

const peopleColumns = {
  email: ['E-mail address', text],
  activity: ['Activity', text],
  card: [
    'Card',
    choice({
      '': 'good',
      declined: 'declined',
      'declined, then another': 'second-card',
      '3-D Secure': 'authenticates',
      '3-D Secure, given up': 'gives-up',
    } as const),
  ],
  door: [
    'At the door',
    choice({ '': 'comes', 'scanned twice': 'twice', 'stays away': 'absent' } as const),
  ],
  later: ['Later', choice({ '': 'keeps', cancels: 'cancels' } as const)],
  gift: ['Gift', choice({ '': 'none', 'redeems it': 'once', 'tries it twice': 'twice' } as const)],
} as const;

const giftColumns = {
  activity: ['Activity', text],
  item: ['Item', text],
  count: ['How many', whole],
} as const;

const organiserColumns = {
  activity: ['Activity', text],
  what: ['What', choice({ 'cancels it': 'cancels' } as const)],
  why: ['Why', text],
} as const;

type Fields<C extends Readonly<Record<string, readonly [string, z.ZodType]>>> = {
  readonly [Name in keyof C]: z.output<C[Name][1]>;
};
export type SignUp = InFile<Fields<typeof signUpColumns>>;
export type Behaviour = Fields<typeof peopleColumns>;
type InPeople = InFile<Behaviour>;
export type ActivityPlan = Omit<InFile<Fields<typeof activityColumns>>, 'starts' | 'ends'> & {
  readonly startsAt: string;
  readonly endsAt: string;
};

export type Season = {
  /** Its year: keys are made with it, so that next year's season is another one. */
  readonly year: number;
  readonly activities: readonly ActivityPlan[];
  readonly signUps: readonly SignUp[];
  readonly behaviours: readonly InPeople[];
  readonly gifts: readonly Fields<typeof giftColumns>[];
  readonly cancellations: readonly Fields<typeof organiserColumns>[];
  readonly articles: ReturnType<typeof readArticles>;
  /** Rows that could not be read. */
  readonly refused: readonly Refused[];
};

/** Reads the files of a season, and moves it into the first year in which it can be played. */
export function readSeason(folder: string, today: Temporal.PlainDate): Season {
  const file = (name: string) => join(folder, name);
  const titled = (heading: string) => (cells: Readonly<Record<string, string>>) =>
    cells[heading] ?? '';
  const plans = readRows(file('activities.csv'), activityColumns, titled('Title'));
  const signUps = readRows(
    file('sign-ups.csv'),
    signUpColumns,
    (cells) => `${cells['Full name']}, ${cells['Which activity?']}`,
  );
  const people = readRows(file('what-people-do.csv'), peopleColumns, titled('E-mail address'));
  const gifts = readRows(file('gifts.csv'), giftColumns, titled('Item'));
  const organiser = readRows(
    file('what-the-organiser-does.csv'),
    organiserColumns,
    titled('Activity'),
  );

  const first = plans.rows.map(({ starts }) => starts).sort(Temporal.PlainDateTime.compare)[0];
  const years = first === undefined ? 0 : yearsToShift(first, today);
  const refused: Refused[] = [];
  const activities = plans.rows.flatMap(({ starts, ends, ...plan }) => {
    try {
      const at = (local: Temporal.PlainDateTime) => instantAt(inYear(local, years), plan.timeZone);
      return [{ ...plan, startsAt: at(starts), endsAt: at(ends) }];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const why = 'Starts, Ends: an hour that the clocks there skip or pass twice; say another';
      refused.push({ file: 'activities.csv', line: plan.line, what: plan.title, why });
      return [];
    }
  });
  return {
    year: (first?.year ?? today.year) + years,
    activities,
    signUps: signUps.rows.map((row) => ({ ...row, born: bornIn(row.born, years) })),
    behaviours: people.rows,
    gifts: gifts.rows,
    cancellations: organiser.rows,
    articles: readArticles(file('articles')),
    refused: [plans, signUps, people, gifts, organiser]
      .flatMap((read) => read.refused)
      .concat(refused),
  };
}

/** Pets stay as old as they are. */
function bornIn(born: string | null, years: number): string | null {
  return born === null ? null : Temporal.PlainDate.from(born).add({ years }).toString();
}
