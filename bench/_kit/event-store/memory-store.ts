import type { FollowerState } from '../../../embedded/event-store/core/follower.ts';
import type { RecordedEvent } from '../../../embedded/event-store/core/model.ts';
import { NO_EVENTS, TOMBSTONE } from '../../../embedded/event-store/core/model.ts';
import { EMPTY_STREAM, type StreamState } from '../../../embedded/event-store/core/stream-state.ts';
import type { LogReader } from '../../../embedded/event-store/log/reader.ts';
import type { LogStore } from '../../../embedded/event-store/log/store.ts';
import type { WriterSession } from '../../../embedded/event-store/log/writer-session.ts';

/** The log as arrays: position `n` is at `n - 1`, revision `n` of a stream at `n`, a tombstone at its end. */
type Log = {
  readonly all: RecordedEvent[];
  readonly streams: Map<string, RecordedEvent[]>;
  readonly followers: Map<string, FollowerState>;
};

/**
 * A log that costs nothing and keeps nothing: what the node does by itself. It answers everything that
 * the writer and the readers ask, from maps and arrays; there is one session, which is never lost.
 */
export const memoryStore = (): LogStore => {
  const log: Log = { all: [], streams: new Map(), followers: new Map() };
  return {
    openSession: async () => openSession(log),
    openReader: () => openReader(log),
  };
};

const at = ({ streams }: Log, stream: string, revision: bigint): RecordedEvent | undefined => {
  const events = streams.get(stream);
  return revision === TOMBSTONE ? lastOf(events) : events?.[Number(revision)];
};

const lastOf = (events: readonly RecordedEvent[] | undefined): RecordedEvent | undefined =>
  events?.at(-1);

const openSession = (log: Log): WriterSession => ({
  lost: new AbortController().signal,
  backendPid: process.pid,
  lastPosition: async () => lastOf(log.all)?.position ?? 0n,
  states: async (streams) =>
    streams.map((stream) => ({ stream, state: stateOf(stream, lastOf(log.streams.get(stream))) })),
  ids: async (wanted) => wanted.map(({ stream, revision }) => at(log, stream, revision)),
  idAt: async (position) => log.all[Number(position) - 1]?.id,
  followers: async () => new Map(log.followers),
  insert: async (events, moved = new Map()) => {
    for (const [name, state] of moved) log.followers.set(name, state);
    for (const event of events) {
      log.all.push(event);
      const stream = log.streams.get(event.stream);
      if (stream === undefined) log.streams.set(event.stream, [event]);
      else stream.push(event);
    }
  },
  ping: async () => undefined,
  close: async () => undefined,
});

const stateOf = (stream: string, last: RecordedEvent | undefined): StreamState => {
  if (last === undefined) return EMPTY_STREAM;
  const { id, position, revision } = last;
  const state: StreamState = { last: revision, recent: [{ id, position }] };
  return stream.startsWith('$$') ? { ...state, metadata: last.data } : state;
};

/** Events from index `lowest` to `highest` of an array, in the order asked for. */
const slice = (
  events: readonly RecordedEvent[],
  page: { lowest: bigint; highest: bigint; direction: 'forwards' | 'backwards'; limit: number },
): RecordedEvent[] => {
  const first = Math.max(0, Number(page.lowest));
  const end = Math.min(events.length, Number(page.highest) + 1);
  return page.direction === 'forwards'
    ? events.slice(first, Math.min(end, first + page.limit))
    : events.slice(Math.max(first, end - page.limit), Math.max(first, end)).reverse();
};

const openReader = (log: Log): LogReader => ({
  streamHead: async (stream) => ({
    last: lastOf(log.streams.get(stream))?.revision ?? NO_EVENTS,
    metadata: lastOf(log.streams.get(`$$${stream}`))?.data,
  }),
  streamPage: async (page) =>
    slice(log.streams.get(page.stream) ?? [], page).filter(({ created }) => created >= page.oldest),
  allPage: async (page) =>
    slice(log.all, { ...page, lowest: page.lowest - 1n, highest: page.highest - 1n }),
  linkTargets: async (targets) =>
    targets.map(({ stream, revision }) => ({
      event: at(log, stream, revision),
      last: lastOf(log.streams.get(stream))?.revision ?? NO_EVENTS,
      metadata: lastOf(log.streams.get(`$$${stream}`))?.data,
    })),
  close: async () => undefined,
});
