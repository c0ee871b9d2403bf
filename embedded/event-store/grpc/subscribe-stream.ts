import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '../core/model.ts';
import { NO_EVENTS, TOMBSTONE } from '../core/model.ts';
import { firstVisible, oldestVisible } from '../core/stream-metadata.ts';
import type { Node } from '../node.ts';
import { adaptivePage, patiently } from '../read/paging.ts';
import { readableStream } from '../read/stream-head.ts';
import { failureStatus } from '../wire/failures.ts';
import { caughtUpFrame, confirmationFrame } from '../wire/read-responses.ts';
import type { Sender } from './calls.ts';
import { framesOf, nowTicks } from './frames.ts';
import type { ReadRequest } from './read-request.ts';

/** Live events that wait for a slow subscriber; beyond that it reads the log again. */
const MOST_WAITING = 512;

/**
 * A catch-up subscription to a stream, beginning after its start revision. It listens before it
 * reads: whatever is committed after the listening began is heard, whatever was committed before is
 * read, and what is both is known by its revision.
 */
export const subscribeToStream = async (
  node: Node,
  sender: Sender,
  request: ReadRequest & { kind: 'subscribe-stream' },
): Promise<void> => {
  const { stream } = request;
  const page = adaptivePage();
  let waiting: RecordedEvent[] = [];
  let missed = true;
  let live = false;
  let cursor = NO_EVENTS;
  let wake: (() => void) | undefined;
  const stir = (): void => wake?.();

  const patient = <T>(read: () => Promise<T>): Promise<T> =>
    patiently(read, Number.POSITIVE_INFINITY, sender.over);

  const off = node.hub.onStream(stream, (event) => {
    if (event === undefined || waiting.length >= MOST_WAITING) {
      missed = true;
      waiting = [];
    } else {
      waiting.push(event);
    }
    stir();
  });

  /** False when the stream has come to its end. */
  const deliver = async (events: readonly RecordedEvent[]): Promise<boolean> => {
    const fresh = events.filter((event) => event.revision > cursor);
    const frames = await patient(() => framesOf(node.reader, fresh, request));
    for (const [index, event] of fresh.entries()) {
      const frame = frames[index];
      const full = frame === undefined ? undefined : sender.send(frame);
      cursor = event.revision;
      if (full !== undefined) await full;
      if (sender.over.aborted) return false;
    }
    if (cursor !== TOMBSTONE) return true;
    sender.fail(failureStatus({ kind: 'stream-deleted', stream }));
    return false;
  };

  const catchUp = async (): Promise<boolean> => {
    const { last, limits } = await patient(() => readableStream(node, stream));
    const oldest = oldestVisible(limits, nowTicks());
    for (;;) {
      const first = firstVisible(limits, last);
      const lowest = cursor >= first ? cursor + 1n : first;
      if (lowest > last) return true;
      const limit = page.rows;
      const events = await patient(() =>
        node.reader.streamPage({
          stream,
          lowest,
          highest: last,
          oldest,
          direction: 'forwards',
          limit,
        }),
      );
      page.learn(events);
      if (!(await deliver(events))) return false;
      if (events.length < limit) return true;
    }
  };

  const run = async (): Promise<void> => {
    void sender.send(confirmationFrame(randomUUID()));
    const { last, tombstoned } = await patient(() => readableStream(node, stream));
    if (tombstoned) {
      sender.fail(failureStatus({ kind: 'stream-deleted', stream }));
      return;
    }
    if (request.from === 'end') cursor = last;
    else if (request.from !== 'start') cursor = request.from;
    while (!sender.over.aborted) {
      if (missed) {
        missed = false;
        live = false;
        waiting = [];
        if (!(await catchUp())) return;
      } else if (waiting.length > 0) {
        const events = waiting;
        waiting = [];
        if (!(await deliver(events))) return;
      } else {
        if (!live) {
          live = true;
          void sender.send(caughtUpFrame());
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
      }
    }
  };

  sender.over.addEventListener('abort', stir, { once: true });
  try {
    await run();
  } finally {
    off();
  }
};
