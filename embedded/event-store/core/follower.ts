import { revival, softDeleted, type View } from './decide.ts';
import type { Failure, FollowerCommand, FollowerLink, PlannedEvent } from './model.ts';
import { metastreamOf, TOMBSTONE } from './model.ts';

/** Whether a follower of the log runs, and the position up to which its links are written. */
export type FollowerState = { readonly enabled: boolean; readonly position: bigint };

/** By name; one that was never switched on is not there. */
export type FollowerStates = ReadonlyMap<string, FollowerState>;

/** A follower that was never switched on. */
export const NEVER_RAN: FollowerState = { enabled: false, position: 0n };

export type FollowerDecision =
  | {
      readonly kind: 'move';
      readonly events: readonly PlannedEvent[];
      readonly state: FollowerState;
    }
  | { readonly kind: 'refuse'; readonly failure: Failure };

/** A link goes behind whatever its stream ends in; a stream that is gone for ever takes none. */
const planLinks = (links: readonly FollowerLink[], view: View): PlannedEvent[] => {
  const lasts = new Map<string, bigint>();
  const planned: PlannedEvent[] = [];
  for (const { stream, event } of links) {
    const known = lasts.get(stream);
    const last = known ?? view.state(stream).last;
    if (last === TOMBSTONE) continue;
    const revision = last + 1n;
    planned.push({ stream, revision, event });
    lasts.set(stream, revision);
    if (known === undefined && softDeleted(stream, view)) {
      const meta = view.state(metastreamOf(stream));
      planned.push(revival(stream, revision, meta.metadata, meta.last + 1n));
    }
  }
  return planned;
};

/**
 * Links are written only by a follower that stands where the links begin. So whatever it is that sends
 * them again (a session that was lost, a node that was frozen), they are in the log once.
 */
export const decideFollower = (
  command: FollowerCommand,
  state: FollowerState,
  view: View,
): FollowerDecision => {
  if (command.kind === 'switch') {
    return { kind: 'move', events: [], state: { ...state, enabled: command.enabled } };
  }
  const { follower, after, upTo, links } = command;
  if (!state.enabled) {
    return {
      kind: 'refuse',
      failure: { kind: 'bad-request', message: `${follower} is disabled` },
    };
  }
  if (state.position !== after) {
    const current = state.position;
    return {
      kind: 'refuse',
      failure: { kind: 'wrong-expected-version', stream: follower, expected: after, current },
    };
  }
  return { kind: 'move', events: planLinks(links, view), state: { enabled: true, position: upTo } };
};

/** Streams whose state the decision may ask for. */
export const streamsOfFollower = (command: FollowerCommand): readonly string[] =>
  command.kind === 'switch'
    ? []
    : command.links.flatMap(({ stream }) => [stream, metastreamOf(stream)]);
