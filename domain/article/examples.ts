import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { draftArticle, publishArticle } from './decide.ts';
import type { ArticleEvent } from './events.ts';
import { article } from './state.ts';

const { articleId } = exampleIds;
export const manuscript = {
  articleId,
  slug: 'puppy-first-week',
  title: 'A puppy’s first week',
  summary: 'What to do, what to leave.',
  body: 'Sleep comes first.',
  tags: ['puppies'],
  language: 'en',
};
export const visibleFrom = '2026-05-01T08:00:00.000Z';
export const drafted: ArticleEvent = { type: 'ArticleDrafted', data: manuscript };
export const published: ArticleEvent = {
  type: 'ArticlePublished',
  data: { articleId, slug: manuscript.slug, visibleFrom },
};

export const examples = defineExamples(article, {
  statuses: { none: [], draft: [drafted], published: [drafted, published] },
  commands: {
    draftArticle: (state) => draftArticle(state, manuscript),
    publishArticle: (state) => publishArticle(state, { visibleFrom }),
  },
});
