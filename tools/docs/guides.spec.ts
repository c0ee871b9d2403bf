import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { causes } from '../../projections/activity-reconciliation/judge.ts';
import { listBreaks } from '../../projections/activity-reconciliation/query.ts';
import { accounts, rules } from '../../projections/finance-journal/accounts.ts';

const root = new URL('../..', import.meta.url).pathname;
const bookkeeper = readFileSync(join(root, 'docs/guides/bookkeeper.md'), 'utf8');

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
