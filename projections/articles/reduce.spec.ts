import { expect, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { deliver, rowsAfter, type Told } from '../_runtime/spec-kit.ts';
import { articlesProjection } from './reduce.ts';
import { articles } from './table.ts';

test('a draft is visible from the moment it was published for', () => {
  const articleId = deriveId('art', 'a');
  const visibleFrom = '2026-06-01T08:00:00.000Z';
  const text = { title: 'T', summary: '', body: 'B', tags: ['puppy'], language: 'en' };
  const drafted = [
    'article-a',
    { type: 'ArticleDrafted', data: { articleId, slug: 'puppy-tips', ...text } },
  ] as const;
  const published = [
    'article-a',
    { type: 'ArticlePublished', data: { articleId, slug: 'puppy-tips', visibleFrom } },
  ] as const;
  const rowAfter = (...events: readonly Told[]) =>
    rowsAfter(articlesProjection, deliver(...events)).of(articles)[0];
  expect(rowAfter(drafted)).toMatchObject({ status: 'draft', visible_from: null, revision: 0 });
  expect(rowAfter(drafted, published)).toMatchObject({
    status: 'published',
    visible_from: visibleFrom,
    revision: 1,
  });
});
