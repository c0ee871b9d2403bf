import { defineAggregate } from '../_kernel/aggregate.ts';
import type { EventOf } from '../_kernel/event.ts';
import { impossible } from '../_kernel/history.ts';
import { type StatementEvent, type StatementLineRecorded, statementEvents } from './events.ts';

/** One balance transaction as Stripe states it. */
export type StatementLine = Readonly<EventOf<typeof StatementLineRecorded>['data']>;

export type StatementState =
  | { readonly status: 'none' }
  | { readonly status: 'recorded'; readonly line: StatementLine };

/** A line of Stripe's account statement; its stream is named by the balance transaction's id. */
export const statement = defineAggregate({ events: statementEvents, initial, evolve });

function initial(): StatementState {
  return { status: 'none' };
}

function evolve(state: StatementState, event: StatementEvent): StatementState {
  switch (event.type) {
    case 'StatementLineRecorded':
      if (state.status !== 'none') return impossible(event, state.status);
      return { status: 'recorded', line: event.data };
  }
}
