import { defineAggregate } from '../_kernel/aggregate.ts';
import type { EventOf } from '../_kernel/event.ts';
import { impossible } from '../_kernel/history.ts';
import type { Instant } from '../_kernel/time.ts';
import { type ArticleDrafted, type ArticleEvent, articleEvents } from './events.ts';

/** What was written: the fields of `ArticleDrafted`. */
export type Manuscript = Readonly<EventOf<typeof ArticleDrafted>['data']>;

export type ArticleState =
  | { readonly status: 'none' }
  | (Manuscript & { readonly status: 'draft' })
  | (Manuscript & { readonly status: 'published'; readonly visibleFrom: Instant });

/** An article, from draft to publication. Its slug is unique by a reservation. */
export const article = defineAggregate({ events: articleEvents, initial, evolve });

function initial(): ArticleState {
  return { status: 'none' };
}

function evolve(state: ArticleState, event: ArticleEvent): ArticleState {
  switch (event.type) {
    case 'ArticleDrafted':
      if (state.status !== 'none') return impossible(event, state.status);
      return { ...event.data, status: 'draft' };
    case 'ArticlePublished':
      if (state.status === 'none') return impossible(event, state.status);
      return { ...state, status: 'published', visibleFrom: event.data.visibleFrom };
  }
}
