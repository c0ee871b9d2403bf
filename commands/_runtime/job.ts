import type { DomainEvent, StoredEvent } from '../../domain/_kernel/event.ts';
import type { Decision, Rejection } from '../../domain/_kernel/rejection.ts';
import type { CommandContext, Decided } from './definition.ts';

/** One command's step in one stream, or a look at the stream, waiting for its turn. */
export type Job = {
  readonly context: CommandContext;
  // The jobs of one stream share its aggregate, so the queue can treat states and events as opaque.
  readonly decide: (state: unknown) => Decision<DomainEvent>;
  readonly view: (state: unknown) => unknown;
  /** The id derives from the command: the stream is most likely not there yet. */
  readonly isNew: boolean;
  readonly resolve: (decided: Decided<DomainEvent, unknown>) => void;
  readonly reject: (error: unknown) => void;
};

/** What a batch came to for one of its jobs, before it is told. */
export type Outcome =
  | { readonly kind: 'stored'; readonly job: Job; readonly decided: Decided<DomainEvent, unknown> }
  | {
      readonly kind: 'nothing-to-do';
      readonly job: Job;
      readonly decided: Decided<DomainEvent, unknown>;
    }
  | { readonly kind: 'refused'; readonly job: Job; readonly rejection: Rejection }
  | { readonly kind: 'failed'; readonly job: Job; readonly error: unknown };

export type Stored = StoredEvent<DomainEvent>;
