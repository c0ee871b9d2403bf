import type { RecordedEvent } from '../core/model.ts';
import { recentAt } from '../core/stream-state.ts';
import type { Hub } from '../live/hub.ts';
import type { LogReader } from '../log/reader.ts';
import type { Writer } from '../write/writer.ts';

type Sources = {
  readonly reader: Pick<LogReader, 'streamPage'>;
  readonly writer: Pick<Writer, 'peek'>;
  readonly hub: Pick<Hub, 'tail'>;
};
type Page = Parameters<LogReader['streamPage']>[0];

/**
 * What was committed a moment ago, out of the window of live events: whoever decides on a stream that
 * others write to reads its tail first, and that is most of what is read. The writer knows where the
 * last events of a stream stand, so one that is not in memory costs no search.
 */
const inMemory = ({ writer, hub }: Sources, page: Page): readonly RecordedEvent[] | undefined => {
  const { stream, lowest, highest, oldest, direction, limit } = page;
  if (direction !== 'forwards' || oldest > 0n) return undefined;
  const state = writer.peek(stream);
  const newest = state && recentAt(state, highest);
  return newest && hub.tail(stream, lowest, newest.position)?.slice(0, limit);
};

/** As `streamPage` of the reader, without Postgres where the newest events are all that is asked for. */
export const streamPage = async (sources: Sources, page: Page): Promise<readonly RecordedEvent[]> =>
  inMemory(sources, page) ?? (await sources.reader.streamPage(page));
