import { defineTable } from '../_runtime/table.ts';

export const articles = defineTable({
  name: 'articles',
  comment: 'Editorial content.',
  columns: {
    article_id: { type: 'text', comment: 'Id of the article' },
    slug: { type: 'text', comment: 'Name in URLs' },
    status: { type: 'text', comment: 'draft or published' },
    title: { type: 'text', comment: 'Title' },
    summary: { type: 'text', comment: 'Summary, plain text' },
    body: { type: 'text', comment: 'Body as it was written' },
    tags: { type: 'text[]', comment: 'Tags' },
    language: { type: 'text', comment: 'Language, such as en or de-AT' },
    drafted_at: { type: 'timestamptz', comment: 'When it was written' },
    visible_from: {
      type: 'timestamptz',
      nullable: true,
      comment: 'From when on everybody sees it; null while it is a draft',
    },
    ordinal: { type: 'bigint', comment: 'Place of the draft in the log' },
    revision: { type: 'integer', comment: 'Revision of the article: it grows with each change' },
  },
  key: ['article_id'],
  indexes: [['slug'], ['visible_from', 'ordinal']],
});
