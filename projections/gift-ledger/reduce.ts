import { giftstockEvents } from '../../domain/giftstock/events.ts';
import { change, defineProjection, insert } from '../_runtime/definition.ts';
import { giftBatches, giftRedemptions } from './table.ts';

export const giftLedgerProjection = defineProjection({
  name: 'gift-ledger',
  version: 1,
  question: 'Which gifts were issued, redeemed and are left?',
  tables: [giftBatches, giftRedemptions],
  events: [giftstockEvents],
  keyOf: (event) => event.data.batchId,
  on: {
    GiftsIssued: ({ data, ordinal, metadata }) => [
      insert(giftBatches, {
        batch_id: data.batchId,
        activity_id: data.activityId,
        item: data.item,
        issued: data.codeHashes.length,
        redeemed: 0,
        stock: data.stock,
        stock_left: data.stock,
        issued_at: metadata.occurredAt,
        ordinal,
      }),
    ],
    GiftRedeemed: ({ data, ordinal, metadata }) => [
      change(giftBatches, { batch_id: data.batchId }, (row) => ({
        redeemed: row.redeemed + 1,
        stock_left: data.stockLeft,
      })),
      insert(giftRedemptions, {
        gift_id: data.giftId,
        batch_id: data.batchId,
        activity_id: data.activityId,
        item: data.item,
        redeemed_at: metadata.occurredAt,
        redeemed_by: metadata.actor.id,
        ordinal,
      }),
    ],
  },
});
