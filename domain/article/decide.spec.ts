import { expect, test } from 'vitest';
import { spec } from '../_kernel/spec-kit.ts';
import { draftArticle, publishArticle } from './decide.ts';
import { drafted, manuscript, published, visibleFrom } from './examples.ts';
import { type ArticleState, article } from './state.ts';

const draft = (state: ArticleState) => draftArticle(state, manuscript);
const publish = (from: string) => (state: ArticleState) =>
  publishArticle(state, { visibleFrom: from });

test('an article is drafted once', () => {
  spec(article).given().when(draft).then(drafted);
  spec(article).given(drafted).when(draft).thenRejected('already-exists');
  spec(article).given(drafted, published).when(draft).thenRejected('already-exists');
});

test('a draft becomes visible now or at a time to come', () => {
  const { then, state } = spec(article).given(drafted).when(publish(visibleFrom));
  then(published);
  expect(state()).toEqual({ ...manuscript, status: 'published', visibleFrom });
  const later = '2027-01-01T00:00:00.000Z';
  const { state: planned } = spec(article).given(drafted).when(publish(later));
  expect(planned()).toMatchObject({ visibleFrom: later });
});

test('is published once', () => {
  spec(article)
    .given(drafted, published)
    .when(publish(visibleFrom))
    .thenRejected('already-published');
  spec(article).given().when(publish(visibleFrom)).thenRejected('not-found');
});
