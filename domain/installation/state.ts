import { defineAggregate } from '../_kernel/aggregate.ts';
import type { EventOf } from '../_kernel/event.ts';
import { impossible } from '../_kernel/history.ts';
import {
  type InstallationEvent,
  type InstallationRegistered,
  installationEvents,
} from './events.ts';

type Registered = Readonly<EventOf<typeof InstallationRegistered>['data']>;

export type InstallationState =
  | { readonly status: 'none' }
  | (Registered & { readonly status: 'registered' });

/** The log's own birth certificate, alone in the stream `installation-main`. */
export const installation = defineAggregate({ events: installationEvents, initial, evolve });

function initial(): InstallationState {
  return { status: 'none' };
}

function evolve(state: InstallationState, event: InstallationEvent): InstallationState {
  switch (event.type) {
    case 'InstallationRegistered':
      if (state.status !== 'none') return impossible(event, state.status);
      return { ...event.data, status: 'registered' };
  }
}
