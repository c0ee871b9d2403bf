import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseAfter } from '../_fixtures/applied.ts';
import { season } from '../_fixtures/season.ts';
import { viewTypes } from '../_runtime/view.ts';
import { analyticsViews } from './index.ts';

const { views } = analyticsViews;
const events = season();
let database: Awaited<ReturnType<typeof databaseAfter>>;
let rowsOf: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;

beforeAll(async () => {
  database = await databaseAfter(events, { ...analyticsViews, readableBy: null });
  const read = views.map(async ({ name }) => {
    const { rows } = await database.pool.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(v) as row from analytics.${name} v`,
    );
    return [name, rows.map(({ row }) => row)] as const;
  });
  rowsOf = new Map(await Promise.all(read));
});
afterAll(() => database.drop());

test("the database's catalogue says what the definitions say", async () => {
  const { rows } = await database.pool.query<{ view: string; columns: unknown; comment: string }>(
    `select c.relname as view, obj_description(c.oid) as comment,
       jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
         col_description(c.oid, a.attnum)) order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
     where c.relnamespace = 'analytics'::regnamespace group by c.oid, c.relname`,
  );
  const byName = Object.fromEntries(rows.map(({ view, ...rest }) => [view, rest]));
  const defined = views.map(({ name, comment, columns }) => [
    name,
    {
      comment,
      columns: Object.entries(columns).map(([column, { type, comment: text }]) => [
        column,
        viewTypes[type],
        text,
      ]),
    },
  ]);
  expect(byName).toEqual(Object.fromEntries(defined));
});

describe.each(views)('$name', ({ name, columns, key }) => {
  test('has rows, told apart by its key, and no null where none is promised', () => {
    const rows = rowsOf.get(name) ?? [];
    expect(rows.length).toBeGreaterThan(0);
    const keys = rows.map((row) => JSON.stringify(key.map((column) => row[column])));
    expect(new Set(keys).size).toBe(rows.length);
    const always = Object.entries(columns).filter(([, { nullable }]) => nullable !== true);
    const missing = rows.flatMap((row) => always.filter(([column]) => row[column] === null));
    expect(missing.map(([column]) => column)).toEqual([]);
  });
});

test('one row per enrollment, and one pseudonym per member in all views', () => {
  const requested = events.filter(({ type }) => type === 'EnrollmentRequested');
  const enrollments = rowsOf.get('enrollments') ?? [];
  expect(enrollments).toHaveLength(requested.length);
  const members = new Set(requested.map(({ data }) => (data as { memberId: string }).memberId));
  const keys = new Set(enrollments.map(({ member_key: key }) => key));
  expect(keys.size).toBe(members.size);
  for (const memberKey of keys) expect(memberKey).toMatch(/^mk_[0-9a-f]{24}$/);
});

/** Every personal value of the season, as `domain` marks them, and ids of people. */
function personalValues(): string[] {
  const personal = ['attendeeName', 'attendeeEmail', 'name', 'breed', 'birthDate', 'vaccine'];
  const found = events.flatMap(({ data, metadata }) => [
    metadata.actor.id,
    ...Object.entries(data as Record<string, unknown>).flatMap(([field, value]) =>
      personal.includes(field) || field === 'memberId' ? [String(value)] : [],
    ),
  ]);
  return [...new Set(found)].filter((value) => value !== '');
}

test('no personal value and no id of a person is in any row of any view', () => {
  const needles = personalValues();
  expect(needles).toEqual(
    expect.arrayContaining(['Attendee 1', 'a1@example.com', 'Rex 1', 'Beagle', 'Rabies']),
  );
  const text = JSON.stringify([...rowsOf]).toLowerCase();
  expect(needles.filter((needle) => text.includes(needle.toLowerCase()))).toEqual([]);
  // The control: what is no secret is found.
  expect(text).toContain('puppy week 1');
});

test('no view reads a column that holds personal data or free text about people', async () => {
  const { rows } = await database.pool.query<{ column: string; comment: string | null }>(
    `select distinct a.attrelid::regclass || '.' || a.attname as column,
       col_description(a.attrelid, a.attnum) as comment
     from pg_depend d
     join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
     join pg_class v on v.oid = r.ev_class and v.relnamespace = 'analytics'::regnamespace
     join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and a.attrelid <> v.oid`,
  );
  expect(rows.length).toBeGreaterThan(50);
  const suspects = rows.filter(
    ({ column, comment }) =>
      comment?.startsWith('Personal:') || /\.(description|cancel_reason|body|data)$/.test(column),
  );
  expect(suspects).toEqual([]);
});

test('Postgres knows every time zone that an activity can have', async () => {
  const zones = Intl.supportedValuesOf('timeZone');
  const { rows } = await database.pool.query<{ zone: string }>(
    'select zone from unnest($1::text[]) zone where zone not in (select name from pg_timezone_names)',
    [zones],
  );
  // One that it did not know would make every row of `activities` unreadable.
  expect(rows).toEqual([]);
  expect(zones.length).toBeGreaterThan(300);
});
