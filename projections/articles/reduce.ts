import { articleEvents } from '../../domain/article/events.ts';
import { change, defineProjection, insert } from '../_runtime/definition.ts';
import { articles } from './table.ts';

export const articlesProjection = defineProjection({
  name: 'articles',
  version: 1,
  question: 'What can be read, and from when on?',
  tables: [articles],
  events: [articleEvents],
  keyOf: (event) => event.data.articleId,
  on: {
    ArticleDrafted: ({ data, ordinal, revision, metadata }) => [
      insert(articles, {
        article_id: data.articleId,
        slug: data.slug,
        status: 'draft',
        title: data.title,
        summary: data.summary,
        body: data.body,
        tags: data.tags,
        language: data.language,
        drafted_at: metadata.occurredAt,
        visible_from: null,
        ordinal,
        revision,
      }),
    ],
    ArticlePublished: ({ data, revision }) => [
      change(articles, { article_id: data.articleId }, () => ({
        status: 'published',
        slug: data.slug,
        visible_from: data.visibleFrom,
        revision,
      })),
    ],
  },
});
