import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseAfter } from '../_fixtures/applied.ts';
import { threeActivities } from './_fixtures/three-activities.ts';
import { analyticsViews } from './index.ts';
import { readSampleQueries, type SampleQuery } from './queries.ts';

let database: Awaited<ReturnType<typeof databaseAfter>>;
let queries: readonly SampleQuery[];

beforeAll(async () => {
  queries = await readSampleQueries();
  database = await databaseAfter(threeActivities(), { ...analyticsViews, readableBy: null });
});
afterAll(() => database.drop());

const EVENTS = threeActivities().length;
const [puppies, agility, walk] = ['Puppy morning', 'Agility day', 'Shelter walk'];

/** Counted by hand from `_fixtures/three-activities.ts`; a day and an interval as Postgres prints it. */
const expected: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  'funnel-per-activity': [
    [agility, '2025-03-09', 2, 0, 2, 2, 2, 100],
    // Dee waited and was held after that; she and Bob were confirmed and never came.
    [puppies, '2025-03-30', 5, 2, 4, 3, 1, 20],
    // It is the sixth in Auckland already. Nothing is held where nothing is due.
    [walk, '2025-04-06', 2, 0, 0, 2, 1, 50],
  ],
  'revenue-by-day': [
    // 23:30 UTC is half past midnight in Berlin, the day after.
    [puppies, '2025-03-02', 'EUR', 2625],
    // 04:30 UTC is the evening before in New York, 05:30 UTC is not.
    [agility, '2025-03-08', 'USD', 4000],
    [agility, '2025-03-09', 'USD', 4000],
    [puppies, '2025-03-12', 'EUR', 2625],
    [puppies, '2025-03-20', 'EUR', -2625],
    [puppies, '2025-03-30', 'EUR', 2625],
  ],
  // Ann came to all three, Bob to one.
  'repeat-visits': [
    [1, 1, 50],
    [3, 1, 50],
  ],
  'no-shows': [
    [agility, '2025-03-09', 2, 0, 0],
    [puppies, '2025-03-30', 2, 1, 50],
    [walk, '2025-04-06', 2, 1, 50],
  ],
  'refund-rate': [
    [agility, 'USD', 2, 0, 8000, 0, 0, null],
    [puppies, 'EUR', 3, 1, 7875, 2625, 33.3, 'enrollment-cancelled'],
  ],
  'waitlist-conversion': [[puppies, 2, 1, 1, 50, '02:00:00']],
  'booking-curve': [
    [agility, 4, 1, 1],
    [agility, 1, 1, 2],
    [puppies, 29, 1, 1],
    [puppies, 20, 1, 2],
    [puppies, 19, 1, 3],
    [puppies, 18, 1, 4],
    [puppies, 17, 1, 5],
    [walk, 5, 1, 1],
    [walk, 4, 1, 2],
  ],
  freshness: analyticsViews.views
    .map(({ name }) => name)
    .sort()
    .map((name) => [name, EVENTS, '2025-04-05 21:58:00+00', 0, true]),
};

test('every sample query has figures here', () => {
  expect(queries.map(({ name }) => name).sort()).toEqual(Object.keys(expected).sort());
});

test.each(Object.keys(expected))('%s finds what was counted by hand', async (name) => {
  const query = queries.find((one) => one.name === name);
  const { rows } = await database.pool.query<{ row: Record<string, unknown> }>(
    `select to_jsonb(q) as row from (${query?.sql.replace(/;\s*$/, '')}) q`,
  );
  // jsonb orders members by length: the columns' own order is read from the query.
  const { fields } = await database.pool.query(query?.sql ?? '');
  const figures = rows.map(({ row }) => fields.map(({ name: column }) => spell(row[column])));
  expect(figures).toEqual(expected[name]);
});

/** One spelling of a moment, whatever the session's settings. */
const spell = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value)
    ? value.replace('T', ' ').replace('+00:00', '+00')
    : value;
