import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageOf,
  pageSchema,
} from '../_runtime/paging.ts';
import { defineQuery, type QueryDefinition, readRoles } from '../_runtime/query.ts';
import { from, replyInstant, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { findActivity } from '../activity-catalogue/query.ts';
import { giftBatches, giftRedemptions } from './table.ts';

const batchSchema = z.strictObject({
  id: idSchema('bat'),
  item: z.string(),
  issued: z.int().min(0).meta({ description: 'Codes issued' }),
  redeemed: z.int().min(0).meta({ description: 'Codes redeemed' }),
  stock: z.int().min(0).meta({ description: 'Items there were' }),
  stockLeft: z.int().min(0).meta({ description: 'Items left' }),
  issuedAt: replyInstant,
});

const redemptionSchema = z.strictObject({
  giftId: idSchema('gft'),
  batchId: idSchema('bat'),
  item: z.string(),
  redeemedAt: replyInstant,
  redeemedBy: z.string().meta({ description: 'Id of whoever redeemed it' }),
});

const showBatch = (row: RowOf<typeof giftBatches>): z.output<typeof batchSchema> => ({
  id: row.batch_id as `bat_${string}`,
  item: row.item,
  issued: row.issued,
  redeemed: row.redeemed,
  stock: row.stock,
  stockLeft: row.stock_left,
  issuedAt: row.issued_at,
});

const showRedemption = (row: RowOf<typeof giftRedemptions>): z.output<typeof redemptionSchema> => ({
  giftId: row.gift_id as `gft_${string}`,
  batchId: row.batch_id as `bat_${string}`,
  item: row.item,
  redeemedAt: row.redeemed_at,
  redeemedBy: row.redeemed_by,
});

const permission = readRoles('staff', 'admin');
const tag = 'Gifts';
const params = z.strictObject({ activityId: idSchema('act') });
const querystring = z.strictObject({ limit: limitSchema, cursor: cursorSchema('number') });
const projections = ['gift-ledger', 'activity-catalogue'];
const exampleParams = { activityId: deriveId('act', 'example') };

export const listGifts = defineQuery({
  name: 'list-gifts',
  summary: "List an activity's batches of gifts: issued, redeemed, left",
  tag,
  path: '/v1/activities/:activityId/gifts',
  permission,
  params,
  querystring,
  reply: pageSchema(batchSchema),
  example: {
    params: exampleParams,
    querystring: { limit: 50 },
    reply: {
      items: [
        {
          id: deriveId('bat', 'example'),
          item: 'Engraved bowl',
          issued: 40,
          redeemed: 12,
          stock: 40,
          stockLeft: 28,
          issuedAt: '2026-04-20T09:00:00.000Z',
        },
      ],
      nextCursor: null,
    },
  },
  projections,
  run: async ({ db }, { params: { activityId }, query: { limit, cursor } }) => {
    await findActivity(db, activityId);
    let query = from(db, giftBatches)
      .where('t.activity_id', '=', activityId)
      .orderBy('t.ordinal')
      .limit(limit + 1);
    if (cursor !== undefined) {
      query = query.where(sql<boolean>`t.ordinal > ${decodeCursor(cursor)[0]}::bigint`);
    }
    return pageOf(await rowsOf(giftBatches, query), limit, showBatch, (row) =>
      encodeCursor(row.ordinal),
    );
  },
});

export const listGiftRedemptions = defineQuery({
  name: 'list-gift-redemptions',
  summary: 'List the gifts that were redeemed at an activity, in order',
  tag,
  path: '/v1/activities/:activityId/gift-redemptions',
  permission,
  params,
  querystring,
  reply: pageSchema(redemptionSchema),
  example: {
    params: exampleParams,
    querystring: { limit: 50 },
    reply: {
      items: [
        {
          giftId: deriveId('gft', 'example'),
          batchId: deriveId('bat', 'example'),
          item: 'Engraved bowl',
          redeemedAt: '2026-05-01T08:30:00.000Z',
          redeemedBy: deriveId('mem', 'example'),
        },
      ],
      nextCursor: null,
    },
  },
  projections,
  run: async ({ db }, { params: { activityId }, query: { limit, cursor } }) => {
    await findActivity(db, activityId);
    let query = from(db, giftRedemptions)
      .where('t.activity_id', '=', activityId)
      .orderBy('t.ordinal')
      .limit(limit + 1);
    if (cursor !== undefined) {
      query = query.where(sql<boolean>`t.ordinal > ${decodeCursor(cursor)[0]}::bigint`);
    }
    return pageOf(await rowsOf(giftRedemptions, query), limit, showRedemption, (row) =>
      encodeCursor(row.ordinal),
    );
  },
});

export const giftQueries: readonly QueryDefinition[] = [listGifts, listGiftRedemptions];
