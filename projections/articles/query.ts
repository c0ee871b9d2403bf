import { sql } from 'kysely';
import { z } from 'zod';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { slugSchema } from '../../domain/_kernel/text.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageOf,
  pageSchema,
} from '../_runtime/paging.ts';
import { defineQuery, NotFoundError, publicRead, type QueryDefinition } from '../_runtime/query.ts';
import { from, isStaff, replyInstant, rowOf, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { articles } from './table.ts';

const headSchema = z.strictObject({
  id: idSchema('art'),
  slug: slugSchema,
  title: z.string(),
  summary: z.string(),
  tags: z.array(z.string()),
  language: z.string(),
  visibleFrom: replyInstant.nullable().meta({ description: 'Null while it is a draft' }),
});

const articleSchema = z.strictObject({
  ...headSchema.shape,
  body: z.string(),
  revision: z
    .int()
    .min(0)
    .meta({ description: 'Revision of the article: it grows with each change' }),
});

type ArticleRow = RowOf<typeof articles>;

const showHead = (row: ArticleRow): z.output<typeof headSchema> => ({
  id: row.article_id as `art_${string}`,
  slug: row.slug,
  title: row.title,
  summary: row.summary,
  tags: [...row.tags],
  language: row.language,
  visibleFrom: row.visible_from,
});

const exampleHead: z.input<typeof headSchema> = {
  id: deriveId('art', 'example'),
  slug: 'puppy-first-week',
  title: "A puppy's first week",
  summary: 'Sleep, food and the first walk.',
  tags: ['puppy'],
  language: 'en',
  visibleFrom: '2026-04-01T09:00:00.000Z',
};

const tag = 'Articles';
const projections = ['articles'];

export const listArticles = defineQuery({
  name: 'list-articles',
  summary: 'List what can be read now, the newest first',
  tag,
  path: '/v1/articles',
  permission: publicRead,
  params: z.strictObject({}),
  querystring: z.strictObject({
    tag: slugSchema.optional(),
    limit: limitSchema,
    cursor: cursorSchema('instant', 'number'),
  }),
  reply: pageSchema(headSchema),
  example: {
    params: {},
    querystring: { tag: 'puppy', limit: 50 },
    reply: { items: [exampleHead], nextCursor: null },
  },
  projections,
  run: async ({ db, now }, { query: { tag: wanted, limit, cursor } }) => {
    let query = from(db, articles)
      .where('t.visible_from', '<=', now)
      .orderBy('t.visible_from', 'desc')
      .orderBy('t.ordinal', 'desc')
      .limit(limit + 1);
    if (wanted !== undefined) query = query.where(sql<boolean>`${wanted} = any (t.tags)`);
    if (cursor !== undefined) {
      const [visibleFrom, ordinal] = decodeCursor(cursor);
      query = query.where(
        sql<boolean>`(t.visible_from, t.ordinal) < (${visibleFrom}::timestamptz, ${ordinal}::bigint)`,
      );
    }
    return pageOf(await rowsOf(articles, query), limit, showHead, (row) =>
      encodeCursor(row.visible_from ?? '', row.ordinal),
    );
  },
});

export const getArticle = defineQuery({
  name: 'get-article',
  summary: 'Show an article by its name in URLs',
  description: 'A draft, and one whose time has not come, are there for staff only.',
  tag,
  path: '/v1/articles/:slug',
  permission: publicRead,
  params: z.strictObject({ slug: slugSchema }),
  querystring: z.strictObject({}),
  reply: articleSchema,
  example: {
    params: { slug: exampleHead.slug },
    querystring: {},
    reply: { ...exampleHead, body: 'On the first day, let it sleep.', revision: 1 },
  },
  projections,
  run: async ({ db, now, principal }, { params: { slug } }) => {
    let query = from(db, articles).where('t.slug', '=', slug).orderBy('t.ordinal', 'desc').limit(1);
    if (!isStaff(principal)) query = query.where('t.visible_from', '<=', now);
    const row = await rowOf(articles, query);
    if (row === undefined) throw new NotFoundError('There is no such article.');
    return { ...showHead(row), body: row.body, revision: row.revision };
  },
});

export const articleQueries: readonly QueryDefinition[] = [listArticles, getArticle];
