import type { DomainEvent, StoredEvent } from '../../domain/_kernel/event.ts';
import type { Decision } from '../../domain/_kernel/rejection.ts';
import type { CommandContext, Decided } from './definition.ts';
import type { CommandRefused, RevisionMismatch } from './errors.ts';

/**
 * One command's step in one stream, or a look at the stream, waiting for its turn. States and events
 * are opaque here: the queue of a stream has jobs of one aggregate only.
 */
export type Job = {
  readonly context: CommandContext;
  readonly decide: (state: unknown) => Decision<DomainEvent>;
  readonly view: (state: unknown) => unknown;
  /** A repeat views the state its events led to, not the newest. */
  readonly viewThen: boolean;
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
  | {
      readonly kind: 'refused';
      readonly job: Job;
      readonly reason: CommandRefused | RevisionMismatch;
    }
  | {
      readonly kind: 'failed';
      readonly job: Job;
      readonly error: unknown;
      readonly tainted: boolean;
    };

/** An event of a batch. Its position is known once it is appended. */
export type Stored = StoredEvent<DomainEvent> & { position: bigint };

/** A job as its sender knows it, with the types of its aggregate. */
export type TypedJob<S, E extends DomainEvent, View> = {
  readonly context: CommandContext;
  readonly decide: (state: S) => Decision<E>;
  readonly view: (state: S) => View;
  readonly viewThen?: boolean;
  readonly isNew: boolean;
};

/** Makes a job of it and hands it to `enqueue`; settles when the job was told. */
export function asJob<S, E extends DomainEvent, View>(
  { context, decide, view, viewThen = false, isNew }: TypedJob<S, E, View>,
  enqueue: (job: Job) => void,
): Promise<Decided<E, View>> {
  return new Promise((resolve, reject) => {
    enqueue({
      context,
      decide: (state) => decide(state as S),
      view: (state) => view(state as S),
      viewThen,
      isNew,
      resolve: (decided) => resolve(decided as Decided<E, View>),
      reject,
    });
  });
}
