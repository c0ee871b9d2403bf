import { defineAggregate } from '../_kernel/aggregate.ts';
import { impossible } from '../_kernel/history.ts';
import type { ActivityId, GiftBatchId, GiftId } from '../_kernel/ids.ts';
import { type GiftstockEvent, giftstockEvents } from './events.ts';

export type Batch = { readonly item: string; readonly stockLeft: number };
export type Code = { readonly batchId: GiftBatchId; readonly redeemedAs: GiftId | null };

export type GiftstockState =
  | { readonly status: 'none' }
  | {
      readonly status: 'stocked';
      readonly activityId: ActivityId;
      readonly batches: Map<GiftBatchId, Batch>;
      /** By the keyed hash of the code; the code itself is nowhere. */
      readonly codes: Map<string, Code>;
    };

/**
 * Codes and stock of an activity's gifts, together: a code and the item behind it are taken in one
 * decision. `evolve` changes the maps of the state it is given (10,000 codes are too many to copy
 * for each): whoever folds decided events before they are stored drops the state if that fails.
 */
export const giftstock = defineAggregate({ events: giftstockEvents, initial, evolve });

function initial(): GiftstockState {
  return { status: 'none' };
}

function evolve(state: GiftstockState, event: GiftstockEvent): GiftstockState {
  switch (event.type) {
    case 'GiftsIssued': {
      const { batchId, activityId, item, stock: stockLeft, codeHashes } = event.data;
      const stocked = state.status === 'stocked' ? state : stockedFor(activityId);
      stocked.batches.set(batchId, { item, stockLeft });
      for (const codeHash of codeHashes) stocked.codes.set(codeHash, { batchId, redeemedAs: null });
      return stocked;
    }
    case 'GiftRedeemed': {
      if (state.status === 'none') return impossible(event, state.status);
      const { giftId, batchId, item, codeHash, stockLeft } = event.data;
      state.batches.set(batchId, { item, stockLeft });
      state.codes.set(codeHash, { batchId, redeemedAs: giftId });
      return state;
    }
  }
}

function stockedFor(activityId: ActivityId): Extract<GiftstockState, { status: 'stocked' }> {
  return { status: 'stocked', activityId, batches: new Map(), codes: new Map() };
}
