import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveId } from '../domain/_kernel/ids.ts';
import { kyselyOf } from '../platform/postgres/index.ts';
import { databaseAfter } from '../projections/_fixtures/applied.ts';
import { season } from '../projections/_fixtures/season.ts';
import type { ReadDatabase } from '../projections/_runtime/query.ts';
import { EOL } from './_runtime/csv.ts';
import { allOf, NotReadyError } from './_runtime/read-models.ts';
import { UnusableRowsError } from './_runtime/sealed-file.ts';
import { exportSettlement, renderSettlement } from './activity-settlement/index.ts';
import { verifyExport } from './index.ts';
import { exportJournal, type JournalLine, renderJournal } from './journal/index.ts';
import {
  exportParticipation,
  outcomeOf,
  renderParticipation,
} from './participation-summary/index.ts';

const history = season({ enrollments: 80 });
const activityId = deriveId('act', 'season 0');
const asOf = '2027-01-01T00:00:00.000Z';
let db: ReadDatabase;
let database: Awaited<ReturnType<typeof databaseAfter>>;

beforeAll(async () => {
  database = await databaseAfter(history);
  db = kyselyOf(database.pool) as ReadDatabase;
});
afterAll(() => database.drop());

const textOf = async (file: AsyncIterable<string>): Promise<string> =>
  (await Array.fromAsync(file)).join('');

const files = {
  journal: async () => textOf(await exportJournal({ db })),
  settlement: async () => textOf(await exportSettlement({ db, activityId })),
  participation: async () => textOf(exportParticipation({ db, asOf })),
};
type Name = keyof typeof files;
const names = Object.keys(files) as Name[];
const empty = {
  journal: () => renderJournal([], { from: 1, to: 0 }),
  settlement: () =>
    renderSettlement(
      {
        ...{ activityId, title: '=HYPERLINK("x")', timeZone: 'Europe/Berlin', toOrdinal: 0 },
        ...{ startsAt: asOf, endsAt: asOf },
      },
      [],
    ),
  participation: () => renderParticipation([], { asOf }),
};

/** Seals rows again as a forger would who knows the format: only what they say can be wrong now. */
function resealed(text: string): string {
  const hash = createHash('sha256');
  const digest = () => hash.copy().digest('hex');
  const rows = text.split(EOL).slice(0, -1);
  return rows
    .map((row, index) => {
      let open = row.slice(0, row.lastIndexOf(',') + 1);
      if (open.startsWith('control,sha256,')) open = open.replace(/[0-9a-f]{64}/, digest());
      hash.update(open);
      const check = index === 0 ? 'check' : digest().slice(0, 12);
      hash.update(check + EOL);
      return open + check + EOL;
    })
    .join('');
}

describe.each(names)('the %s file', (name) => {
  it('is whole, and the same bytes again', async () => {
    const text = await files[name]();
    const lines = text.split(EOL).filter((row) => row.startsWith('line,'));
    expect(verifyExport(text)).toMatchObject({ ok: true, lines: lines.length });
    expect(lines.length).toBeGreaterThan(2);
    expect(await files[name]()).toBe(text);
    expect(resealed(text)).toBe(text);
  });

  it('can be checked with sha256sum alone', async () => {
    const rows = (await files[name]()).split(EOL);
    const above = rows.slice(0, -3).map((row) => row + EOL);
    const sha256 = createHash('sha256').update(above.join('')).digest('hex');
    expect(rows.at(-3)).toContain(`control,sha256,${sha256},`);
    expect(rows.at(-2)).toMatch(/^<END>,/);
  });

  it('tells when it was cut off, wherever', async () => {
    const text = await files[name]();
    const rows = text.split(EOL);
    for (let kept = 0; kept < rows.length - 1; kept += 1) {
      const cut = rows.slice(0, kept).map((row) => row + EOL);
      expect(verifyExport(cut.join(''))).toMatchObject({ ok: false, line: kept + 1 });
    }
    for (let bytes = 1; bytes <= 200; bytes += 1) {
      expect(verifyExport(text.slice(0, -bytes)).ok).toBe(false);
    }
    expect(verifyExport(`${text}more`).ok).toBe(false);
    expect(verifyExport(text + text).ok).toBe(false);
  });

  it('tells which row was changed, removed, doubled or moved', async () => {
    const rows = (await files[name]()).split(EOL).slice(0, -1);
    const told = (changed: readonly string[]) =>
      verifyExport(changed.map((row) => row + EOL).join(''));
    for (const [index, row] of rows.entries()) {
      const at = [...row.matchAll(/\d/g)].at(-1)?.index;
      if (at === undefined) continue;
      const flipped = row.slice(0, at) + ((Number(row[at]) + 1) % 10) + row.slice(at + 1);
      expect(told(rows.with(index, flipped))).toMatchObject({ ok: false, line: index + 1 });
    }
    const [first, last] = [rows.findIndex((row) => row.startsWith('line,')), rows.length - 4];
    expect(told(rows.toSpliced(first, 1))).toMatchObject({ ok: false, line: first + 1 });
    expect(told(rows.toSpliced(last, 0, rows[last] ?? ''))).toMatchObject({ ok: false });
    const swapped = rows.with(first, rows[first + 1] ?? '').with(first + 1, rows[first] ?? '');
    expect(told(swapped)).toMatchObject({ ok: false, line: first + 1 });
  });

  it('does not add up when a total, the number of lines or the order is wrong', async () => {
    const text = await files[name]();
    const row = (start: string) => text.split(EOL).findIndex((one) => one.startsWith(start)) + 1;
    const count = /(\ncontrol,lines,)(\d+)/;
    const fewer = text.replace(count, (_, start, n) => `${start}${Number(n) - 1}`);
    expect(verifyExport(resealed(fewer))).toMatchObject({ ok: false, line: row('control,lines') });
    const total = /(\ntotal,\w+,\w+,)(\d+)/;
    const more = text.replace(total, (_, start, n) => `${start}${Number(n) + 1}`);
    expect(verifyExport(resealed(more))).toMatchObject({ ok: false, line: row('total,') });
    const without = text.replace(/\ntotal,[^\n]*/, '');
    expect(verifyExport(resealed(without)).ok).toBe(false);
    const noLine = text.replace(/\nline,[^\n]*/, '');
    expect(verifyExport(resealed(noLine)).ok).toBe(false);
  });

  it('is a file when there is nothing to tell, and no formula', async () => {
    const text = await textOf(empty[name]());
    expect(verifyExport(text)).toMatchObject({ ok: true, lines: 0 });
    expect(text).not.toMatch(/(^|,|")[=+@]/m);
  });
});

it('files of others are named as such', () => {
  for (const text of ['', 'a,b\r\n', 'record,x\r\nheader,kind,else\r\nheader,version,1\r\n']) {
    expect(verifyExport(text).ok).toBe(false);
  }
});

describe('what the files say', () => {
  const cellsOf = (text: string) =>
    text
      .split(EOL)
      .filter((row) => row.startsWith('line,'))
      .map((row) => row.split(','));

  it('the journal of two ranges is the journal of both', async () => {
    const whole = cellsOf(await files.journal()).map((cells) => cells.slice(0, -1));
    const middle = Math.floor(history.length / 2);
    const parts = [
      cellsOf(await textOf(await exportJournal({ db, to: middle }))),
      cellsOf(await textOf(await exportJournal({ db, from: middle + 1 }))),
    ].map((part) => part.map((cells) => cells.slice(0, -1)));
    expect(parts.every((part) => part.length > 0)).toBe(true);
    expect(parts.flat()).toEqual(whole);
  });

  it('a journal that would not balance, or would grow later, is not written', async () => {
    const line: JournalLine = {
      ...{ journalId: 'entry', line: 1, ordinal: 1, occurredAt: asOf, recordedAt: asOf },
      ...{ eventType: 'PaymentSucceeded', account: 'stripe-clearing', debit: 5, credit: 0 },
      ...{ currency: 'EUR', activityId, enrollmentId: deriveId('enr', 'one'), paymentId: null },
      memo: 'one side',
    };
    await expect(textOf(renderJournal([line], { from: 1, to: 1 }))).rejects.toThrow(
      UnusableRowsError,
    );
    await expect(exportJournal({ db, to: history.length + 1 })).rejects.toThrow(NotReadyError);
  });

  it('a settlement comes to what the log took, gave back and paid in fees', async () => {
    const text = await files.settlement();
    const totals: Record<string, number> = Object.fromEntries(
      [...text.matchAll(/\ntotal,EUR,([a-z-]+),(-?\d+)/g)].map(([, kind, sum]) => [
        kind,
        Number(sum),
      ]),
    );
    type Booked = { activityId: string; amount?: { amount: number }; fee?: { amount: number } };
    const of = (...types: readonly string[]) =>
      history
        .filter(({ type }) => types.includes(type))
        .map(({ data }) => data as Booked)
        .filter((data) => data.activityId === activityId)
        .reduce((sum, { amount, fee }) => sum + (fee ?? amount ?? { amount: 0 }).amount, 0);
    expect(of('PaymentSucceeded')).toBeGreaterThan(0);
    expect(totals['payment']).toBe(of('PaymentSucceeded', 'CashPaymentReceived'));
    expect(totals['fee']).toBe(-of('PaymentFeeCharged'));
    expect(totals['refund']).toBe(0 - of('RefundSettled', 'CashRefundPaidOut'));
    const { net, count: _count, ...kinds } = totals;
    expect(net).toBe(Object.values(kinds).reduce((sum, value) => sum + value, 0));
  });

  it('everybody who enrolled is counted once', async () => {
    const rows = cellsOf(await files.participation());
    const requested = history.filter(({ type }) => type === 'EnrollmentRequested').length;
    const enrolled = rows.reduce((sum, cells) => sum + Number(cells[8]), 0);
    expect(enrolled).toBe(requested);
    expect(await files.participation()).not.toMatch(/Ada|Mirela|mem_/);
  });

  it.each([
    ['confirmed', asOf, false, 'attended'],
    ['cancelled', asOf, true, 'attended'],
    ['confirmed', null, true, 'no_show'],
    ['confirmed', null, false, 'expected'],
    ['held', null, true, 'held'],
    ['lapsed', null, true, 'lapsed'],
  ] as const)('%s, admitted %s, over %s: %s', (status, admittedAt, isOver, outcome) => {
    expect(outcomeOf({ status, admittedAt }, isOver)).toBe(outcome);
  });

  it('pages are asked for one after the other, until there are no more', async () => {
    const asked: (string | undefined)[] = [];
    const items = allOf(async (cursor) => {
      asked.push(cursor);
      return {
        items: [asked.length],
        nextCursor: asked.length < 3 ? `after ${asked.length}` : null,
      };
    });
    expect(await Array.fromAsync(items)).toEqual([1, 2, 3]);
    expect(asked).toEqual([undefined, 'after 1', 'after 2']);
  });
});
