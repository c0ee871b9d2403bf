import fc from 'fast-check';
import { expect, test } from 'vitest';
import { play, seasonArbitrary } from '../_fixtures/money-stories.ts';
import { rowsAfter } from '../_runtime/spec-kit.ts';
import { activityReconciliationProjection } from './reduce.ts';
import { reconciliationPayments } from './table.ts';

const rowsOf = (...[season, stated]: Parameters<typeof play>) =>
  rowsAfter(activityReconciliationProjection, play(season, stated)).of(reconciliationPayments);

test('once the statement was read to its end, everything agrees but for refunds that are owed', () => {
  fc.assert(
    fc.property(seasonArbitrary, (season) => {
      for (const { difference, causes, status, refunds_failed } of rowsOf(season, true)) {
        const owed = refunds_failed > 0 && causes.length > 0;
        expect({ difference, causes, status }).toEqual({
          difference: 0,
          causes: owed ? ['refund-owed'] : [],
          status: owed ? 'open' : 'agrees',
        });
      }
    }),
    { numRuns: 200 },
  );
});

test('a difference has a cause, at every moment', () => {
  fc.assert(
    fc.property(seasonArbitrary, (season) => {
      for (const { difference, causes } of rowsOf(season)) {
        if (difference !== 0) expect(causes).not.toEqual([]);
      }
    }),
    { numRuns: 200 },
  );
});

test('what waiting settles is open and never called a break', () => {
  fc.assert(
    fc.property(seasonArbitrary, (season) => {
      for (const { status, causes } of rowsOf(season)) {
        expect({ status, causes }).not.toMatchObject({ status: 'break' });
      }
    }),
    { numRuns: 200 },
  );
});
