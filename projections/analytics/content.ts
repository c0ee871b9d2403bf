import { defineView } from '../_runtime/view.ts';
import { articles as articleRows } from '../articles/table.ts';
import {
  giftBatches as batchRows,
  giftRedemptions as redemptionRows,
} from '../gift-ledger/table.ts';
import { memberKey } from './member-key.ts';

export const giftBatches = defineView({
  name: 'gift_batches',
  comment: 'Batches of gift codes with the stock behind them.',
  key: ['batch_id'],
  columns: {
    batch_id: { type: 'text', sql: 'b.batch_id', comment: 'Id of the batch' },
    activity_id: { type: 'text', sql: 'b.activity_id', comment: 'Activity the gifts are for' },
    item: { type: 'text', sql: 'b.item', comment: 'What a code is good for' },
    issued: { type: 'integer', sql: 'b.issued', comment: 'Codes issued' },
    redeemed: { type: 'integer', sql: 'b.redeemed', comment: 'Codes redeemed' },
    stock: { type: 'integer', sql: 'b.stock', comment: 'Items there were' },
    stock_left: { type: 'integer', sql: 'b.stock_left', comment: 'Items left' },
    issued_at: { type: 'timestamptz', sql: 'b.issued_at', comment: 'When the batch was issued' },
  },
  from: (table) => `${table(batchRows)} b`,
});

export const giftRedemptions = defineView({
  name: 'gift_redemptions',
  comment: 'One row per gift that was handed out.',
  key: ['gift_id'],
  columns: {
    gift_id: { type: 'text', sql: 'g.gift_id', comment: 'Id of the gift' },
    batch_id: { type: 'text', sql: 'g.batch_id', comment: 'Batch the code came from' },
    activity_id: { type: 'text', sql: 'g.activity_id', comment: 'Activity it was redeemed at' },
    item: { type: 'text', sql: 'g.item', comment: 'What was handed out' },
    member_key: {
      type: 'text',
      sql: memberKey('g.redeemed_by'),
      comment: 'Pseudonym of whoever redeemed it: the same in every view, of no use elsewhere',
    },
    redeemed_at: { type: 'timestamptz', sql: 'g.redeemed_at', comment: 'When it was redeemed' },
  },
  from: (table) => `${table(redemptionRows)} g`,
});

/** Without summary and body: they are long, and on the site. */
export const articles = defineView({
  name: 'articles',
  comment: 'Editorial content: what was written, and from when on it can be read.',
  key: ['article_id'],
  columns: {
    article_id: { type: 'text', sql: 'a.article_id', comment: 'Id of the article' },
    slug: { type: 'text', sql: 'a.slug', comment: 'Name in URLs' },
    title: { type: 'text', sql: 'a.title', comment: 'Title' },
    status: { type: 'text', sql: 'a.status', comment: 'draft or published' },
    language: { type: 'text', sql: 'a.language', comment: 'Language, such as en or de-AT' },
    tags: { type: 'text[]', sql: 'a.tags', comment: 'Tags' },
    drafted_at: { type: 'timestamptz', sql: 'a.drafted_at', comment: 'When it was written' },
    visible_from: {
      type: 'timestamptz',
      nullable: true,
      sql: 'a.visible_from',
      comment: 'From when on everybody sees it; null while it is a draft',
    },
  },
  from: (table) => `${table(articleRows)} a`,
});
