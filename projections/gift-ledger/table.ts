import { defineTable } from '../_runtime/table.ts';

export const giftBatches = defineTable({
  name: 'gift_batches',
  comment: 'Batches of gift codes with the stock behind them. No codes.',
  columns: {
    batch_id: { type: 'text', comment: 'Id of the batch' },
    activity_id: { type: 'text', comment: 'Activity the gifts are for' },
    item: { type: 'text', comment: 'What a code is good for' },
    issued: { type: 'integer', comment: 'Codes issued' },
    redeemed: { type: 'integer', comment: 'Codes redeemed' },
    stock: { type: 'integer', comment: 'Items there were' },
    stock_left: { type: 'integer', comment: 'Items left' },
    issued_at: { type: 'timestamptz', comment: 'When the batch was issued' },
    ordinal: { type: 'bigint', comment: 'Place of the issue in the log' },
  },
  key: ['batch_id'],
  indexes: [['activity_id', 'ordinal']],
});

export const giftRedemptions = defineTable({
  name: 'gift_redemptions',
  comment: 'Gift codes that were redeemed. No codes.',
  columns: {
    gift_id: { type: 'text', comment: 'Id of the gift' },
    batch_id: { type: 'text', comment: 'Batch the code came from' },
    activity_id: { type: 'text', comment: 'Activity the gift was redeemed at' },
    item: { type: 'text', comment: 'What was handed out' },
    redeemed_at: { type: 'timestamptz', comment: 'When it was redeemed' },
    redeemed_by: { type: 'text', comment: 'Id of whoever redeemed it' },
    ordinal: { type: 'bigint', comment: 'Place of the redemption in the log' },
  },
  key: ['gift_id'],
  indexes: [['activity_id', 'ordinal']],
});
