import { type Decision, rejected } from '../_kernel/rejection.ts';
import type { Instant } from '../_kernel/time.ts';
import type { ArticleEvent } from './events.ts';
import type { ArticleState, Manuscript } from './state.ts';

type Decided = Decision<ArticleEvent>;

export type DraftArticle = Manuscript;

export function draftArticle(state: ArticleState, input: DraftArticle): Decided {
  switch (state.status) {
    case 'none': {
      const { articleId, slug, title, summary, body, tags, language } = input;
      const data = { articleId, slug, title, summary, body, tags: [...tags], language };
      return [{ type: 'ArticleDrafted', data }];
    }
    case 'draft':
    case 'published':
      return rejected('already-exists', 'There is an article under this id already.');
  }
}

export type PublishArticle = {
  /** Now, a time to come, or (for what was printed elsewhere before) a time past. */
  readonly visibleFrom: Instant;
};

export function publishArticle(state: ArticleState, { visibleFrom }: PublishArticle): Decided {
  switch (state.status) {
    case 'none':
      return rejected('not-found', 'There is no such article.');
    case 'draft': {
      const { articleId, slug } = state;
      return [{ type: 'ArticlePublished', data: { articleId, slug, visibleFrom } }];
    }
    case 'published':
      return rejected('already-published', 'The article is published already.', {
        visibleFrom: state.visibleFrom,
      });
  }
}
