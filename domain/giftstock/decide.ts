import type { ActivityId, GiftBatchId, GiftId } from '../_kernel/ids.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { GiftstockEvent } from './events.ts';
import type { Code, GiftstockState } from './state.ts';

type Decided = Decision<GiftstockEvent>;
type Stocked = Extract<GiftstockState, { status: 'stocked' }>;

/** Codes that one activity may have: what one stream and one cache entry carry with ease. */
export const MAX_CODES_PER_ACTIVITY = 10_000;

export type IssueGifts = {
  readonly batchId: GiftBatchId;
  readonly activityId: ActivityId;
  readonly item: string;
  /** Items behind the codes; it may be less than the codes: first come, first served. */
  readonly stock: number;
  readonly codeHashes: readonly string[];
};

export function issueGifts(state: GiftstockState, input: IssueGifts): Decided {
  switch (state.status) {
    case 'none':
      return issue(new Map(), input);
    case 'stocked':
      return state.batches.has(input.batchId) ? [] : issue(state.codes, input);
  }
}

function issue(codes: ReadonlyMap<string, Code>, input: IssueGifts): Decided {
  const { batchId, activityId, item, stock, codeHashes } = input;
  const distinct = new Set(codeHashes);
  if (distinct.size < codeHashes.length || codeHashes.some((codeHash) => codes.has(codeHash))) {
    return rejected('duplicate-code', 'A code of the batch was issued before.');
  }
  if (codes.size + distinct.size > MAX_CODES_PER_ACTIVITY) {
    return rejected('too-many-codes', 'An activity has a limited number of gift codes.', {
      limit: MAX_CODES_PER_ACTIVITY,
      issued: codes.size,
      requested: distinct.size,
    });
  }
  const data = { batchId, activityId, item, stock, codeHashes: [...codeHashes] };
  return [{ type: 'GiftsIssued', data }];
}

export type RedeemGift = {
  readonly codeHash: string;
  readonly giftId: GiftId;
  readonly activityId: ActivityId;
};

/** The code and the item are taken together, or neither is. */
export function redeemGift(state: GiftstockState, input: RedeemGift): Decided {
  switch (state.status) {
    case 'none':
      return unknownCode();
    case 'stocked':
      return redeem(state, input);
  }
}

function redeem(state: Stocked, { codeHash, giftId, activityId }: RedeemGift): Decided {
  const code = state.codes.get(codeHash);
  const batch = code && state.batches.get(code.batchId);
  if (code === undefined || batch === undefined) return unknownCode();
  if (code.redeemedAs === giftId) return [];
  if (code.redeemedAs !== null) {
    return rejected('already-redeemed', 'This code was redeemed before.', {
      giftId: code.redeemedAs,
    });
  }
  const { batchId } = code;
  const { item, stockLeft } = batch;
  if (stockLeft < 1) {
    // A refusal stores nothing: the code stays good for when there is stock again.
    return rejected('out-of-stock', 'No item is left of what this code is for.', { batchId, item });
  }
  return [
    {
      type: 'GiftRedeemed',
      data: { giftId, batchId, activityId, item, codeHash, stockLeft: stockLeft - 1 },
    },
  ];
}

function unknownCode(): Rejection {
  return rejected('unknown-code', 'There is no such code for this activity.');
}
