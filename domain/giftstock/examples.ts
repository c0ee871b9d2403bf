import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { deriveId } from '../_kernel/ids.ts';
import { issueGifts, redeemGift } from './decide.ts';
import type { GiftstockEvent } from './events.ts';
import { giftstock } from './state.ts';

const { batchId, activityId, giftId } = exampleIds;
export const otherBatchId = deriveId('bat', 'example', 1);
export const otherGiftId = deriveId('gft', 'example', 1);

/** A hash as if of the n-th code. */
export function codeHash(n: number): string {
  return n.toString(16).padStart(64, '0');
}

export const batch = {
  batchId,
  activityId,
  item: 'Bandana',
  stock: 1,
  codeHashes: [codeHash(1), codeHash(2)],
};
export const issued: GiftstockEvent = { type: 'GiftsIssued', data: batch };
export const redeemed: GiftstockEvent = {
  type: 'GiftRedeemed',
  data: { giftId, batchId, activityId, item: 'Bandana', codeHash: codeHash(1), stockLeft: 0 },
};
export const redemption = { codeHash: codeHash(1), giftId, activityId };

export const examples = defineExamples(giftstock, {
  statuses: { none: [], stocked: [issued] },
  situations: { 'stocked, one redeemed, none left': [issued, redeemed] },
  commands: {
    issueGifts: (state) => issueGifts(state, batch),
    'issueGifts (another batch, a code of the first)': (state) =>
      issueGifts(state, { ...batch, batchId: otherBatchId }),
    redeemGift: (state) => redeemGift(state, redemption),
    'redeemGift (the code, by another)': (state) =>
      redeemGift(state, { ...redemption, giftId: otherGiftId }),
    'redeemGift (the other code)': (state) =>
      redeemGift(state, { ...redemption, giftId: otherGiftId, codeHash: codeHash(2) }),
    'redeemGift (no such code)': (state) =>
      redeemGift(state, { ...redemption, codeHash: codeHash(3) }),
  },
});
