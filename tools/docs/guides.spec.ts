import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkIn } from '../../commands/ticket/check-in.ts';
import { holdMinutesAt, settings } from '../../domain/settings/state.ts';
import { seasonFolder } from '../../embedded/demo/index.ts';
import { readSeason } from '../../embedded/demo/season.ts';
import { listActivities } from '../../projections/activity-catalogue/query.ts';
import { causes } from '../../projections/activity-reconciliation/judge.ts';
import { listBreaks } from '../../projections/activity-reconciliation/query.ts';
import { accounts, rules } from '../../projections/finance-journal/accounts.ts';

const root = new URL('../..', import.meta.url).pathname;
const bookkeeper = readFileSync(join(root, 'docs/guides/bookkeeper.md'), 'utf8');
const organiser = readFileSync(join(root, 'docs/guides/organiser.md'), 'utf8');

/** The cells of a page's tables whose first one is `code`, by that code. */
function rowsOf(page: string): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const line of page.split('\n').filter((each) => each.startsWith('|'))) {
    const cells = line.split('|').slice(1, -1);
    for (const [, name] of (cells[0] ?? '').matchAll(/`([\w-]+)`/g)) {
      if (name !== undefined)
        rows.set(
          name,
          cells.map((cell) => cell.trim()),
        );
    }
  }
  return rows;
}

const rows = rowsOf(bookkeeper);

test('the bookkeeper reads of every account', () => {
  expect(Object.keys(accounts).filter((account) => !rows.has(account))).toEqual([]);
});

test('and of every event that is booked', () => {
  const booked = [...Object.keys(rules), 'TillClosed'];
  expect(booked.filter((type) => !bookkeeper.includes(`| \`${type}\` |`))).toEqual([]);
});

test('and of every cause of a break: whether waiting may settle it, and who acts', () => {
  for (const [cause, { waits }] of Object.entries(causes)) {
    expect(rows.get(cause)?.[1], cause).toBe(waits ? 'open' : 'break');
  }
  const others = listBreaks.reply.shape.items.element.shape.causes.element.options.flatMap(
    (each) => each.options,
  );
  expect(others.length).toBeGreaterThan(Object.keys(causes).length);
  expect(others.filter((cause) => rows.get(cause)?.length !== 4)).toEqual([]);
});

test('the end of a file that the bookkeeper is shown is printed by the evening that is played', () => {
  const [shown, evening = ''] = bookkeeper.split('<!-- walkthrough -->');
  const sample =
    /^```text\n(total,[\s\S]*?)^```$/m
      .exec(shown ?? '')?.[1]
      ?.trim()
      .split('\n') ?? [];
  const printed = new Set(evening.split('\n'));
  expect(sample.at(-1)).toMatch(/^<END>/);
  expect(sample.filter((line) => !printed.has(line))).toEqual([]);
});

describe('the organiser reads', () => {
  /** The first cells of the rows below a heading's table head. */
  const firstCells = (head: string) =>
    organiser
      .slice(organiser.indexOf(head))
      .split(/\n\s*\n/)[0]
      ?.split('\n')
      .slice(2)
      .map((line) => line.split('|')[1]?.trim()) ?? [];

  test('of every answer that a scan can have', () => {
    const { reply, refusals } = checkIn;
    const answers = [...reply.shape.decision.options, ...refusals];
    expect(firstCells('| answer |').toSorted()).toEqual(
      answers.map((code) => code.replaceAll('-', ' ')).toSorted(),
    );
  });

  test('of every figure about seats', () => {
    const { availability } = listActivities.reply.shape.items.element.shape;
    const table = organiser.indexOf('| | |', organiser.indexOf('five figures'));
    expect(firstCells(organiser.slice(table))).toEqual(Object.keys(availability.shape));
    expect(Object.keys(availability.shape)).toHaveLength(5);
  });

  test('how long a seat is held', () => {
    expect(organiser).toContain('for half an hour, until they have paid');
    expect(holdMinutesAt(settings.initial(), '2027-05-01T08:00:00.000Z')).toBe(30);
  });

  test('how many activities the demo plays', () => {
    // One row has a day that is none; the platform refuses another, which ends before it starts.
    const { activities } = readSeason(seasonFolder, Temporal.PlainDate.from('2026-11-26'));
    expect(activities.filter(({ startsAt, endsAt }) => startsAt < endsAt)).toHaveLength(10);
    expect(organiser).toContain('plays one of ten activities');
  });
});
