import { NO_EVENTS } from './model.ts';

export type WrittenId = { readonly id: string; readonly position: bigint };

/** What the writer knows of one stream. */
export type StreamState = {
  readonly last: bigint;
  /** ids of the newest events, the last one at revision `last`; may cover less than the stream */
  readonly recent: readonly WrittenId[];
  /** data of the last event; kept for metastreams only, where it is the metadata in force */
  readonly metadata?: Buffer;
};

export const EMPTY_STREAM: StreamState = { last: NO_EVENTS, recent: [] };

/** The id at a revision, if the recent ones reach that far back. */
export const recentAt = (state: StreamState, revision: bigint): WrittenId | undefined => {
  const back = state.last - revision;
  return back < 0n ? undefined : state.recent[state.recent.length - 1 - Number(back)];
};

/** Ids remembered per stream: enough for most losers of a race to be judged without a look-up. */
const REMEMBERED_IDS = 4;

export const trimmed = (state: StreamState): StreamState =>
  state.recent.length <= REMEMBERED_IDS
    ? state
    : { ...state, recent: state.recent.slice(-REMEMBERED_IDS) };
