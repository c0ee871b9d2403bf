import type { EventStore } from '../../platform/event-store/index.ts';
import { KeyStoreUnavailableError } from '../../platform/keys/index.ts';
import { type LaneEvent, lane } from '../../projections/_fixtures/lane.ts';

const PATIENCE_MS = 60_000;

/**
 * Writers side by side, each with seasons of its own (activities, enrollments, payments, tickets,
 * gifts, pets, tills), one append after the other: their events mix in the log as those of people do,
 * and no read model has anything to park. Gives what was written, by stream.
 */
export async function writeLanes(options: {
  readonly eventStore: EventStore;
  readonly writers: number;
  /** All together, to the event. */
  readonly events: number;
  /** Two that write to the same log have other names. */
  readonly name?: string;
  readonly onWritten?: (written: number) => void;
}): Promise<ReadonlyMap<string, readonly string[]>> {
  const { eventStore, writers, events, name = 'lane', onWritten } = options;
  const written = new Map<string, string[]>();
  let begun = 0;
  let done = 0;
  const append = async ({ stream, revision, ...event }: LaneEvent): Promise<void> => {
    const deadline = Date.now() + PATIENCE_MS;
    const tried = () => eventStore.append(stream, revision - 1, [event], { deadline });
    const outcome = await insisting(tried, deadline);
    if (outcome.kind !== 'appended') throw new Error(`${stream}@${revision}: ${outcome.kind}`);
    written.set(stream, [...(written.get(stream) ?? []), event.id]);
  };
  const write = async (writer: number): Promise<void> => {
    for (const event of lane(`${name} ${writer}`)) {
      if (begun >= events) return;
      begun += 1;
      await append(event);
      done += 1;
      onWritten?.(done);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return written;
}

/** A key store that is away stores nothing: the same event is sent again, as a client's command is. */
async function insisting<T>(append: () => Promise<T>, deadline: number): Promise<T> {
  for (;;) {
    try {
      return await append();
    } catch (error) {
      if (!(error instanceof KeyStoreUnavailableError) || Date.now() >= deadline) throw error;
    }
  }
}
