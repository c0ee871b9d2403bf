import type { BoundedMap } from '../core/bounded-map.ts';
import type { Decision, View } from '../core/decide.ts';
import { decide, streamsOf } from '../core/decide.ts';
import {
  decideFollower,
  type FollowerDecision,
  type FollowerState,
  type FollowerStates,
  NEVER_RAN,
  streamsOfFollower,
} from '../core/follower.ts';
import type {
  Command,
  Expected,
  FollowerCommand,
  Outcome,
  PlannedEvent,
  RecordedEvent,
  StreamCommand,
} from '../core/model.ts';
import { isMetastream, NO_EVENTS, TOMBSTONE } from '../core/model.ts';
import type { StreamState, WrittenId } from '../core/stream-state.ts';
import { recentAt } from '../core/stream-state.ts';

export type Written = { readonly revision: bigint; readonly position: bigint };

/** All that the decisions of one commit need, fetched beforehand so that deciding does no I/O. */
export type Ground = {
  readonly states: ReadonlyMap<string, StreamState>;
  readonly stored: ReadonlyMap<string, WrittenId>;
  readonly lately: Pick<BoundedMap<Written>, 'get'>;
  readonly followers: FollowerStates;
};

export type Plan = {
  /** all events of the commit, in the order of their positions */
  readonly events: readonly RecordedEvent[];
  /** one per command, in order */
  readonly outcomes: readonly Outcome[];
  /** the streams that change, as they are after the commit */
  readonly states: ReadonlyMap<string, StreamState>;
  /** likewise the followers */
  readonly followers: FollowerStates;
};

/** Whether there is anything to commit. */
export const writes = ({ events, followers }: Plan): boolean =>
  events.length > 0 || followers.size > 0;

const ofFollower = (command: Command): command is FollowerCommand =>
  command.kind === 'follow' || command.kind === 'switch';

export const latelyKey = (stream: string, id: string): string => `${stream}\0${id}`;
export const storedKey = (stream: string, revision: bigint): string => `${stream}\0${revision}`;

export const streamsNeeded = (commands: readonly Command[]): Set<string> =>
  new Set(
    commands.flatMap((command) =>
      ofFollower(command) ? streamsOfFollower(command) : streamsOf(command),
    ),
  );

/** Undefined: any will do. */
const versionOf = (expected: Expected): bigint | undefined => {
  if (expected === 'any' || expected === 'stream_exists') return undefined;
  return expected === 'no_stream' ? NO_EVENTS : expected;
};

/** Stored ids a command is compared with, as far as the remembered ones do not reach. */
export const idsNeeded = (
  commands: readonly Command[],
  states: ReadonlyMap<string, StreamState>,
): { stream: string; revision: bigint }[] => {
  const wanted = new Map<string, { stream: string; revision: bigint }>();
  for (const command of commands) {
    if (command.kind !== 'append') continue;
    const { stream, expected } = command;
    const state = states.get(stream);
    const version = versionOf(expected);
    if (version === undefined || state === undefined || state.last === TOMBSTONE) continue;
    const highest = version + BigInt(command.events.length);
    for (let revision = version + 1n; revision <= highest && revision <= state.last; revision++) {
      if (recentAt(state, revision) === undefined) {
        wanted.set(storedKey(stream, revision), { stream, revision });
      }
    }
  }
  return [...wanted.values()];
};

type MutableState = { last: bigint; recent: WrittenId[]; metadata?: Buffer };

/**
 * Decides the commands of one commit one after the other, each on top of those before it, and gives
 * every event its position.
 */
export const planCommit = (
  commands: readonly Command[],
  ground: Ground,
  lastPosition: bigint,
  created: bigint,
): Plan => {
  const changed = new Map<string, MutableState>();
  const written = new Map<string, Written>();
  const followers = new Map<string, FollowerState>();
  const events: RecordedEvent[] = [];
  let position = lastPosition;

  const state = (stream: string): StreamState => {
    const found = changed.get(stream) ?? ground.states.get(stream);
    if (found === undefined) throw new Error(`the state of stream ${stream} was not fetched`);
    return found;
  };
  const view: View = {
    state,
    written: (stream, revision) =>
      recentAt(state(stream), revision) ?? ground.stored.get(storedKey(stream, revision)),
    lately: (stream, id) => {
      const key = latelyKey(stream, id);
      return written.get(key) ?? ground.lately.get(key);
    },
  };

  const record = ({ stream, revision, event }: PlannedEvent): void => {
    position += 1n;
    const { id, type, json, data, metadata } = event;
    events.push({ position, stream, revision, id, type, json, created, data, metadata });
    written.set(latelyKey(stream, id), { revision, position });
    let next = changed.get(stream);
    if (next === undefined) {
      const before = state(stream);
      next = { last: before.last, recent: [...before.recent] };
      changed.set(stream, next);
    }
    // Revisions of `recent` are counted back from `last`: a tombstone's number leaves a hole.
    if (revision === TOMBSTONE) next.recent = [];
    next.last = revision;
    next.recent.push({ id, position });
    if (isMetastream(stream)) next.metadata = data;
  };

  const outcomeOf = (decision: Decision): Outcome => {
    if (decision.kind === 'refuse') return { ok: false, failure: decision.failure };
    const { revision } = decision;
    if (decision.kind === 'done-before') return { ok: true, revision, position: decision.position };
    const first = position + 1n;
    decision.events.forEach(record);
    return { ok: true, revision, position: first + BigInt(decision.answer) };
  };

  const moved = (follower: string, decision: FollowerDecision): Outcome => {
    if (decision.kind === 'refuse') return { ok: false, failure: decision.failure };
    decision.events.forEach(record);
    followers.set(follower, decision.state);
    return { ok: true, revision: NO_EVENTS, position: undefined };
  };
  const follow = (command: FollowerCommand): Outcome => {
    const { follower } = command;
    const before = followers.get(follower) ?? ground.followers.get(follower) ?? NEVER_RAN;
    return moved(follower, decideFollower(command, before, view));
  };
  const write = (command: StreamCommand): Outcome => outcomeOf(decide(command, view));

  const outcomes = commands.map((command) =>
    ofFollower(command) ? follow(command) : write(command),
  );
  return { events, outcomes, states: changed, followers };
};
