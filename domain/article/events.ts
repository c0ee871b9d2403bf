import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { lineSchema, slugSchema, textSchema } from '../_kernel/text.ts';
import { instantSchema } from '../_kernel/time.ts';

export const ArticleDrafted = defineEvent({
  type: 'ArticleDrafted',
  summary: 'An article was written; only staff see it.',
  data: {
    articleId: idSchema('art'),
    slug: slugSchema,
    title: lineSchema(1, 200),
    summary: textSchema(0, 500),
    body: textSchema(1, 100_000),
    tags: z.array(slugSchema).max(20),
    language: z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/),
  },
});

export const ArticlePublished = defineEvent({
  type: 'ArticlePublished',
  summary: 'The article is visible to everybody from a moment on.',
  data: { articleId: idSchema('art'), slug: slugSchema, visibleFrom: instantSchema },
});

export const articleEvents = defineEvents('article', [ArticleDrafted, ArticlePublished]);
export type ArticleEvent = EventsOf<typeof articleEvents>;
