import type { Checkpoint } from '../../platform/consumer/types.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import { type Relayed, sourceOf } from './envelope.ts';

/** The stream carries the events of another log: two histories in one order mean nothing. */
export class ForeignStreamError extends Error {
  override readonly name = 'ForeignStreamError';
}

/**
 * Where to go on. JetStream forgets message ids after minutes, so the checkpoint says what was
 * acknowledged; and what the stream ends with says more: behind the checkpoint, when a broker lost
 * what it had acknowledged (a power cut), ahead of it, when we were cut before saving.
 */
export async function resumeAt(
  eventStore: Pick<EventStore, 'readStreamRaw'>,
  logId: string,
  saved: Checkpoint | null,
  end: Relayed | null,
): Promise<Checkpoint | null> {
  if (end === null || end.ordinal === saved?.ordinal) return saved;
  if (end.source !== sourceOf(logId)) {
    throw new ForeignStreamError(
      `the stream ends with an event of ${end.source}, this log is ${sourceOf(logId)}: purge it, or use another NATS`,
    );
  }
  const { stream, revision, id, ordinal } = end;
  const [stored] = await eventStore.readStreamRaw(stream, { from: revision, max: 1 });
  // Not in this log (it was restored from a backup), or the store does not tell positions here.
  if (stored?.id !== id || stored.position < 0n) return saved;
  return { logId, position: stored.position, ordinal, eventId: id };
}
