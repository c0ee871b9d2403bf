import type { Checkpoint, Consumer, ConsumerSession } from '../../platform/consumer/types.ts';
import type { ProjectionDefinition } from './definition.ts';

/** A projection as its session knows it; what is here was committed. */
export type Member = {
  readonly definition: ProjectionDefinition;
  checkpoint: Checkpoint | null;
  seen: bigint | null;
  /** Keys with parked events. */
  parked: ReadonlySet<string>;
  /** Whether queries read this version. */
  live: boolean;
  /** It takes over with its next live batch. */
  due: boolean;
};

export type UnparkOutcome = {
  readonly applied: number;
  readonly left: number;
  /** Why it stopped; null when nothing is left. */
  readonly cause: string | null;
};

/** One attempt of a group: a consumer's session. */
export type GroupSession = ConsumerSession & {
  readonly members: readonly Member[];
  /** Applies what is parked under a key, in order, as far as it goes. */
  unpark(projection: string, key: string): Promise<UnparkOutcome>;
  /** Goes on without one of them, between two batches; whoever wants its lock gets it. */
  release(definition: ProjectionDefinition): Promise<void>;
  /** Looks at which versions queries read, and takes over where somebody wants that. */
  heedSwitches(): Promise<void>;
};

/** Projections that share a subscription, a session and its transactions. */
export type Group = {
  readonly definitions: readonly ProjectionDefinition[];
  readonly consumer: Consumer;
  /** Null while it has no session: it opens one, or stands by. */
  readonly session: () => GroupSession | null;
  readonly standby: () => boolean;
  /** Not in trouble; one that had to leave a group has been at the head since. */
  readonly well: () => boolean;
  /** Does without one of its projections from its next session on. */
  drop(definition: ProjectionDefinition): void;
  /** Does without it from now on; the others are not held up. */
  release(definition: ProjectionDefinition): Promise<void>;
  stop(): Promise<void>;
};
