import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { lineSchema } from '../_kernel/text.ts';

/** HMAC-SHA-256 of a gift code in hex: codes are derived and never stored in clear. */
export const codeHashSchema = z.string().regex(/^[0-9a-f]{64}$/);

export const GiftsIssued = defineEvent({
  type: 'GiftsIssued',
  summary:
    'A batch of gift codes for one item was issued for an activity, with the stock behind it.',
  data: {
    batchId: idSchema('bat'),
    activityId: idSchema('act'),
    item: lineSchema(1, 200),
    stock: z.int().min(0).max(1000),
    codeHashes: z.array(codeHashSchema).min(1).max(1000),
  },
});

export const GiftRedeemed = defineEvent({
  type: 'GiftRedeemed',
  summary: 'A code was redeemed once and its item taken out of stock, in one decision.',
  data: {
    giftId: idSchema('gft'),
    batchId: idSchema('bat'),
    activityId: idSchema('act'),
    item: lineSchema(1, 200),
    codeHash: codeHashSchema,
    /** Items of the batch left after this one. */
    stockLeft: z.int().min(0),
  },
});

export const giftstockEvents = defineEvents('giftstock', [GiftsIssued, GiftRedeemed]);
export type GiftstockEvent = EventsOf<typeof giftstockEvents>;
