import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deriveId } from '../_kernel/ids.ts';
import { emptyLine, joinLine, type LineEntry, leaveLine, standing } from './line.ts';

const idOf = (n: number) => deriveId('enr', 'line', n);

test('those who stand come in order, and in order of arrival within it, whoever left', () => {
  const move = fc.record({ order: fc.nat(9), leaves: fc.option(fc.nat(200), { freq: 2 }) });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
      const line = emptyLine();
      const entries: LineEntry[] = [];
      let model: LineEntry[] = [];
      for (const [n, { order, leaves }] of moves.entries()) {
        const entry = joinLine(line, idOf(n), String(order));
        entries.push(entry);
        model.push(entry);
        const leaver = leaves === null ? undefined : entries[leaves];
        if (leaver !== undefined) {
          leaveLine(line, leaver);
          model = model.filter((each) => each !== leaver);
        }
      }
      // A stable sort of the arrivals is what the line has to look like.
      const expected = model.toSorted((a, b) => a.order.localeCompare(b.order));
      expect([...standing(line)]).toEqual(expected);
      expect(line.size).toBe(expected.length);
    }),
    { numRuns: 200 },
  );
});

test('those who left are swept, so a long day does not make a long line', () => {
  const line = emptyLine();
  for (let n = 0; n < 5000; n += 1) leaveLine(line, joinLine(line, idOf(n % 50), ''));
  expect(line.size).toBe(0);
  expect(line.entries.length).toBeLessThan(100);
});

test('leaving twice is leaving once', () => {
  const line = emptyLine();
  const entry = joinLine(line, idOf(1), '');
  joinLine(line, idOf(2), '');
  leaveLine(line, entry);
  leaveLine(line, entry);
  expect(line.size).toBe(1);
});
