import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold } from '../_kernel/aggregate.ts';
import { exampleIds } from '../_kernel/examples.ts';
import { deriveId } from '../_kernel/ids.ts';
import { isRejection } from '../_kernel/rejection.ts';
import { spec } from '../_kernel/spec-kit.ts';
import { issueGifts, MAX_CODES_PER_ACTIVITY, redeemGift } from './decide.ts';
import type { GiftstockEvent } from './events.ts';
import {
  batch,
  codeHash,
  issued,
  otherBatchId,
  otherGiftId,
  redeemed,
  redemption,
} from './examples.ts';
import { type GiftstockState, giftstock } from './state.ts';

const { activityId, giftId } = exampleIds;
const issue = (change: Partial<typeof batch>) => (state: GiftstockState) =>
  issueGifts(state, { ...batch, ...change });
const redeem = (change: Partial<typeof redemption>) => (state: GiftstockState) =>
  redeemGift(state, { ...redemption, ...change });

/** Batches that fill an activity up to `count` codes. */
function filled(count: number): GiftstockEvent[] {
  return Array.from({ length: Math.ceil(count / 1000) }, (_, n) => ({
    type: 'GiftsIssued',
    data: {
      ...batch,
      batchId: deriveId('bat', 'filled', n),
      codeHashes: Array.from({ length: Math.min(1000, count - n * 1000) }, (__, m) =>
        codeHash(1000 + n * 1000 + m),
      ),
    },
  }));
}

describe('issueGifts', () => {
  test('a batch is issued once', () => {
    spec(giftstock).given().when(issue({})).then(issued);
    spec(giftstock).given(issued).when(issue({})).then();
  });

  test('no code is issued twice, in a batch or across batches', () => {
    const twice = [codeHash(3), codeHash(3)];
    spec(giftstock)
      .given()
      .when(issue({ codeHashes: twice }))
      .thenRejected('duplicate-code');
    spec(giftstock)
      .given(issued)
      .when(issue({ batchId: otherBatchId }))
      .thenRejected('duplicate-code');
    spec(giftstock)
      .given(issued, redeemed)
      .when(issue({ batchId: otherBatchId, codeHashes: [codeHash(1)] }))
      .thenRejected('duplicate-code');
  });

  test('an activity has ten thousand codes at most', () => {
    const another = { batchId: otherBatchId, codeHashes: [codeHash(7)] };
    const { decision } = spec(giftstock)
      .given(...filled(MAX_CODES_PER_ACTIVITY - 1))
      .when(issue(another));
    expect(isRejection(decision)).toBe(false);
    const { decision: refused } = spec(giftstock)
      .given(...filled(MAX_CODES_PER_ACTIVITY))
      .when(issue(another));
    expect(refused).toMatchObject({
      code: 'too-many-codes',
      details: { limit: 10_000, issued: 10_000, requested: 1 },
    });
  });
});

describe('redeemGift', () => {
  test('takes code and item together', () => {
    const { then, state } = spec(giftstock).given(issued).when(redeem({}));
    then(redeemed);
    const after = state();
    expect(after.status === 'stocked' && after.batches.get(batch.batchId)?.stockLeft).toBe(0);
  });

  test('a code is good once; the redemption itself may be repeated', () => {
    spec(giftstock).given(issued, redeemed).when(redeem({})).then();
    const { decision } = spec(giftstock)
      .given(issued, redeemed)
      .when(redeem({ giftId: otherGiftId }));
    expect(decision).toMatchObject({ code: 'already-redeemed', details: { giftId } });
  });

  test('no item, no redemption: the code stays good', () => {
    const other = { giftId: otherGiftId, codeHash: codeHash(2) };
    const { decision } = spec(giftstock).given(issued, redeemed).when(redeem(other));
    expect(decision).toMatchObject({ code: 'out-of-stock', details: { item: 'Bandana' } });
  });

  test('the stock of another batch does not help', () => {
    const second: GiftstockEvent = {
      type: 'GiftsIssued',
      data: { ...batch, batchId: otherBatchId, stock: 5, codeHashes: [codeHash(8)] },
    };
    spec(giftstock)
      .given(issued, second, redeemed)
      .when(redeem({ giftId: otherGiftId, codeHash: codeHash(2) }))
      .thenRejected('out-of-stock');
  });

  test('an unknown code is just that, and is not repeated in the answer', () => {
    spec(giftstock).given().when(redeem({})).thenRejected('unknown-code');
    const { decision } = spec(giftstock)
      .given(issued)
      .when(redeem({ codeHash: codeHash(99) }));
    expect(decision).toMatchObject({ code: 'unknown-code' });
    expect(JSON.stringify(decision)).not.toContain(codeHash(99));
  });

  test('never more items than stock and no code twice, whoever asks how often', () => {
    const attempt = fc.record({ code: fc.nat(7), gift: fc.nat(30) });
    fc.assert(
      fc.property(fc.nat(5), fc.array(attempt, { maxLength: 40 }), (stock, attempts) => {
        const codeHashes = [0, 1, 2, 3, 4, 5].map(codeHash);
        const history: GiftstockEvent[] = [
          { type: 'GiftsIssued', data: { ...batch, stock, codeHashes } },
        ];
        for (const { code, gift } of attempts) {
          const decision = redeemGift(fold(giftstock, history), {
            codeHash: codeHash(code),
            giftId: deriveId('gft', 'property', gift),
            activityId,
          });
          if (!isRejection(decision)) history.push(...decision);
        }
        const taken = history.flatMap((event) =>
          event.type === 'GiftRedeemed' ? [event.data] : [],
        );
        expect(taken.length).toBeLessThanOrEqual(stock);
        expect(new Set(taken.map((each) => each.codeHash)).size).toBe(taken.length);
        expect(taken.map(({ stockLeft }) => stockLeft)).toEqual(taken.map((_, n) => stock - n - 1));
      }),
      { numRuns: 200 },
    );
  });
});
