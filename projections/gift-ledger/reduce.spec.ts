import { expect, test } from 'vitest';
import { season } from '../_fixtures/season.ts';
import { rowsAfter } from '../_runtime/spec-kit.ts';
import { giftLedgerProjection } from './reduce.ts';
import { giftBatches, giftRedemptions } from './table.ts';

test('what was issued is what was redeemed and what is left', () => {
  const rows = rowsAfter(giftLedgerProjection, season({ enrollments: 5 }));
  const [batch] = rows.of(giftBatches);
  expect(batch).toMatchObject({ issued: 4, redeemed: 2, stock: 3, stock_left: 1 });
  expect(rows.of(giftRedemptions)).toHaveLength(2);
  expect(JSON.stringify([...rows.of(giftBatches), ...rows.of(giftRedemptions)])).not.toMatch(
    /0{60}/,
  );
});
