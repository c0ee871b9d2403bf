import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { SeasonFileError } from './files.ts';
import { seasonFolder } from './index.ts';
import { readSeason } from './season.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) removeFolder(folder);
});

const today = Temporal.PlainDate.from('2026-11-26');

/** The season with one file changed. */
function seasonWith(file: string, change: (text: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'pawprint-season-'));
  folders.push(folder);
  cpSync(seasonFolder, folder, { recursive: true });
  const path = join(folder, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
  return () => readSeason(folder, today);
}

test('the season has what organisers and forms really send', () => {
  const season = readSeason(seasonFolder, today);
  expect(new Set(season.activities.map(({ timeZone }) => timeZone)).size).toBeGreaterThan(5);
  const night = season.activities.find(({ title }) => title.startsWith('Night walk'));
  // Nine hours on the wall, eight in the world: the clocks go forward in between.
  expect([night?.startsAt, night?.endsAt]).toEqual([
    '2027-03-27T20:00:00Z',
    '2027-03-28T04:00:00Z',
  ]);
  expect(season.activities.some(({ price }) => price === 0)).toBe(true);
  expect(season.signUps.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Đặng Thị Hương', '王小明', 'Max "Maxi" Müller', "O'Brien, Siobhán"]),
  );
  expect(season.refused).toEqual([
    {
      ...{ file: 'activities.csv', line: 12, what: 'Horse clinic' },
      why: 'Starts: expected a day and time such as 2027-03-06 10:00, not "31.04.2027"',
    },
  ]);
});

test('everything that people do is about a sign-up there is', () => {
  const season = readSeason(seasonFolder, today);
  const wishes = new Set(
    season.signUps.map(({ email, activity }) => `${email.toLowerCase()}|${activity}`),
  );
  for (const { email, activity } of season.behaviours) {
    expect(wishes).toContain(`${email}|${activity}`);
  }
  const titles = season.activities.map(({ title }) => title);
  for (const { activity } of [...season.gifts, ...season.cancellations]) {
    expect(titles).toContain(activity);
  }
});

test('in later years it is moved, pets and all, and the clocks still change in that night', () => {
  const season = readSeason(seasonFolder, Temporal.PlainDate.from('2029-07-01'));
  expect(season.year).toBe(2030);
  const night = season.activities.find(({ title }) => title.startsWith('Night walk'));
  expect([night?.startsAt, night?.endsAt]).toEqual([
    '2030-03-30T20:00:00Z',
    '2030-03-31T04:00:00Z',
  ]);
  expect(season.signUps[0]?.born).toBe('2028-11-02');
});

test.each([
  ['another zone', 'Europe/Vienna', 'Europe/Wien', 'Time zone: expected an IANA time zone'],
  ['a price in words', '25.00', 'free', 'Price EUR: expected euros such as 25.00, not "free"'],
  ['a skipped hour', '2027-03-27 21:00', '2027-03-28 02:30', 'an hour that the clocks there skip'],
  ['no waitlist', '14,no', '14,perhaps', 'Waitlist: expected yes or no, not "perhaps"'],
])('a row with %s is set aside with its reason, the others go on', (_what, from, to, why) => {
  const season = seasonWith('activities.csv', (text) => text.replace(from, to))();
  expect(season.activities).toHaveLength(10);
  expect(season.refused.map((each) => each.why)).toContainEqual(expect.stringContaining(why));
});

test.each([
  ['a missing column', 'sign-ups.csv', 'Full name', 'Name', 'sign-ups.csv: no column "Full name"'],
  ['a quote that does not end', 'gifts.csv', 'Portraits', '"Portraits', 'gifts.csv: '],
  ['an article without a title', 'articles/what-rabbits-say.md', '# ', '', 'expected "# Title"'],
])('%s makes the file unusable, and says so', (_what, file, from, to, message) => {
  const read = seasonWith(file, (text) => text.replace(from, to));
  expect(read).toThrow(SeasonFileError);
  expect(read).toThrow(message);
});
