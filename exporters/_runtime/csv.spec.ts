import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { majorUnits } from './amounts.ts';
import { csvRow, parseCsvRow } from './csv.ts';

describe('a row of CSV', () => {
  it('gives every text back, in one line, unless it could be taken for a formula', () => {
    const cell = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (cells) => {
        const row = csvRow(cells);
        expect(row).not.toMatch(/[\r\n]/);
        const read = parseCsvRow(row);
        expect(read).toHaveLength(cells.length);
        for (const [n, text] of (read ?? []).entries()) {
          expect(text).not.toMatch(/^\s*[=+\-@]/);
          if (/^[\p{L}\p{N} ,"]*$/u.test(cells[n] ?? '')) expect(text).toBe(cells[n]);
        }
      }),
    );
  });

  it.each(['=1+1', '+49 30', '-2+3', '@SUM(A1)', '\t=1', ' =1', '＝1', '|calc'])(
    'makes %j a text for spreadsheets',
    (text) => {
      expect(parseCsvRow(csvRow([text]))?.[0]).toMatch(/^'/);
    },
  );

  it('writes numbers and amounts as they are', () => {
    expect(csvRow([-12, { exact: '-0.12' }, null, 'a,"b"\r\nc'])).toBe('-12,-0.12,,"a,""b"" c"');
  });

  it('is no row with a quote out of place', () => {
    for (const row of ['a"b', '"a', '"a"b']) expect(parseCsvRow(row)).toBeNull();
  });
});

it('an amount has the digits of its currency', () => {
  expect([majorUnits(5, 'EUR'), majorUnits(-1234, 'EUR'), majorUnits(0, 'EUR')]).toEqual([
    '0.05',
    '-12.34',
    '0.00',
  ]);
  expect([majorUnits(1234, 'JPY'), majorUnits(1234, 'BHD')]).toEqual(['1234', '1.234']);
  expect(() => majorUnits(1, 'XXX')).toThrow(RangeError);
});
