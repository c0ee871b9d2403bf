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
import { framesInParts, framesOf, nowTicks } from './frames.ts';
import type { ReadRequest, Start } from './read-request.ts';
import { createWaiting } from './waiting.ts';

const startOf = (from: Start, last: bigint): bigint => {
  if (from === 'start') return NO_EVENTS;
  return from === 'end' ? last : from;
};

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
  const waiting = createWaiting();
  let live = false;
  let cursor = NO_EVENTS;
  let wake: (() => void) | undefined;
  const stir = (): void => wake?.();

  const patient = <T>(read: () => Promise<T>): Promise<T> =>
    patiently(read, Number.POSITIVE_INFINITY, sender.over);

  const off = node.hub.onStream(stream, (event) => {
    waiting.push(event);
    stir();
  });

  const endAsDeleted = (): void => sender.fail(failureStatus({ kind: 'stream-deleted', stream }));

  /** False when the subscriber has gone. */
  const sendFresh = async (events: readonly RecordedEvent[]): Promise<boolean> => {
    const fresh = events.filter((event) => event.revision > cursor);
    const make = (rest: readonly RecordedEvent[]): Promise<Buffer[]> =>
      patient(() => framesOf(node.reader, rest, request));
    let next = 0;
    for await (const frames of framesInParts(fresh, make)) {
      for (const frame of frames) {
        const full = sender.send(frame);
        cursor = fresh[next++]?.revision ?? cursor;
        if (full !== undefined) await full;
        if (sender.over.aborted) return false;
      }
    }
    return true;
  };

  /** False when the stream has come to its end. */
  const deliver = async (events: readonly RecordedEvent[]): Promise<boolean> => {
    if (!(await sendFresh(events))) return false;
    // The cursor does not say it: a subscription may begin at that number, or beyond.
    if (!events.some((event) => event.revision === TOMBSTONE)) return true;
    endAsDeleted();
    return false;
  };

  const catchUp = async (): Promise<boolean> => {
    const { last, limits } = await patient(() => readableStream(node, stream));
    const oldest = oldestVisible(limits, nowTicks());
    for (;;) {
      const first = firstVisible(limits, last);
      const lowest = cursor >= first ? cursor + 1n : first;
      if (lowest > last) return true;
      const place = { stream, lowest, highest: last, oldest } as const;
      const events = await patient(() =>
        node.reader.streamPage({ ...place, direction: 'forwards', limit: page.rows }),
      );
      page.learn(events);
      if (!(await deliver(events))) return false;
      if (events.length === 0) return true;
    }
  };

  const rest = async (): Promise<void> => {
    if (!live) {
      live = true;
      void sender.send(caughtUpFrame());
    }
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    wake = undefined;
  };

  /** Reads what was missed, or takes what waits; false when the stream has come to its end. */
  const goOn = async (): Promise<boolean> => {
    if (!waiting.missed) return await deliver(waiting.take());
    waiting.take();
    live = false;
    return await catchUp();
  };

  const run = async (): Promise<void> => {
    void sender.send(confirmationFrame(randomUUID()));
    const { last, tombstoned } = await patient(() => readableStream(node, stream));
    if (tombstoned) {
      endAsDeleted();
      return;
    }
    cursor = startOf(request.from, last);
    while (!sender.over.aborted) {
      if (!waiting.missed && waiting.length === 0) await rest();
      else if (!(await goOn())) return;
    }
  };

  sender.over.addEventListener('abort', stir, { once: true });
  try {
    await run();
  } finally {
    off();
  }
};
