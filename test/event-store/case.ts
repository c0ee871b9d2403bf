/** How a case of the contract is written down. It is data, so that every mode can run all of them. */
import type {
  AllStreamSubscription,
  EventStoreDBClient,
  StreamSubscription,
} from '@eventstore/db-client';
import type { ExpectStatic } from 'vitest';
import type { Followed } from './follow.ts';
import type { RuleId } from './rules.ts';

/** What writes: everything before the node may be killed. */
export type Before = { readonly client: EventStoreDBClient };

/** Collects what a subscription says, and ends it with the case. */
export type Follow = (subscription: AllStreamSubscription | StreamSubscription) => Followed;

export type Context = Before & {
  /** esdb://host:port?tls=false */
  readonly url: string;
  readonly expect: ExpectStatic;
  /** The server remembers the ids of appends with `any`: it has a cache, and was not restarted. */
  readonly remembers: boolean;
  /** It is our node; a real server may answer otherwise where the README says so. */
  readonly ours: boolean;
  readonly follow: Follow;
  /** Another client of the same node. */
  connect(url: string): EventStoreDBClient;
  /** A node of our own that the case stops; for cases that are `oursOnly`. */
  ownNode(): Promise<{ readonly url: string; close(): Promise<void> }>;
};

export type Case = {
  readonly rules: readonly RuleId[];
  readonly title: string;
  /** Writes first; returns what still has to be looked at. */
  prepare(before: Before): Promise<(context: Context) => Promise<void>>;
  /** A real server is not asked: it has what is missing here, or it would have to be stopped. */
  readonly oursOnly: boolean;
};

type Rules = RuleId | readonly [RuleId, ...RuleId[]];

const listed = (rules: Rules): readonly RuleId[] => (typeof rules === 'string' ? [rules] : rules);

/** A case that shows one or more rules. */
export const rule = (
  rules: Rules,
  title: string,
  look: (context: Context) => Promise<void>,
  { oursOnly = false }: { readonly oursOnly?: boolean } = {},
): Case => ({ rules: listed(rules), title, prepare: async () => look, oursOnly });

/**
 * A case in two halves: `given` writes, `look` finds it. In the mode "restarted" the node is killed
 * between them, so that everything looked at has come through it.
 */
export const ruleGiven = <Given>(
  rules: Rules,
  title: string,
  given: (before: Before) => Promise<Given>,
  look: (context: Context, given: Given) => Promise<void>,
): Case => ({
  rules: listed(rules),
  title,
  async prepare(before) {
    const found = await given(before);
    return (context) => look(context, found);
  },
  oursOnly: false,
});
