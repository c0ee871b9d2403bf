import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '../core/model.ts';
import { MAX_INT64 } from '../core/model.ts';
import { advanced } from '../live/advanced.ts';
import type { Hub } from '../live/hub.ts';
import type { Node } from '../node.ts';
import { isHidden } from '../read/filter.ts';
import { adaptivePage, patiently } from '../read/paging.ts';
import { caughtUpFrame, checkpointFrame, confirmationFrame } from '../wire/read-responses.ts';
import type { Sender } from './calls.ts';
import { framesInTurn, framesOf, isPlain } from './frames.ts';
import type { ReadRequest, Start } from './read-request.ts';

/** Events taken from memory at a time, so that one subscriber does not hold up the others. */
const LIVE_PAGE = 256;

type Request = ReadRequest & { kind: 'subscribe-all' };

const startOf = (from: Start, hub: Hub): bigint => {
  if (from === 'start') return 0n;
  return from === 'end' ? hub.head : from;
};

/** Says now and then how far a filtered subscription has looked, so that it can go on from there. */
const checkpoints = (request: Request, send: (frame: Buffer) => void, start: bigint) => {
  let considered = 0;
  let sent = start;
  const mark = (position: bigint): void => {
    considered = 0;
    if (position === sent) return;
    sent = position;
    send(checkpointFrame(position));
  };
  return {
    considered(position: bigint): void {
      considered += 1;
      if (considered >= request.checkpointInterval) mark(position);
    },
    mark,
  };
};

/** A catch-up subscription to `$all`, beginning after its start position. */
export const subscribeToAll = async (
  node: Node,
  sender: Sender,
  request: Request,
): Promise<void> => {
  const { hub, reader } = node;
  const { filter } = request;
  const page = adaptivePage();
  let cursor = startOf(request.from, hub);
  let live = false;
  let full: Promise<unknown> | undefined;
  const send = (frame: Buffer): void => {
    full = sender.send(frame) ?? full;
  };
  const progress = filter === undefined ? undefined : checkpoints(request, send, -1n);
  const patient = <T>(read: () => Promise<T>): Promise<T> =>
    patiently(read, Number.POSITIVE_INFINITY, sender.over);

  const nextEvents = async (): Promise<readonly RecordedEvent[]> => {
    const recent = hub.after(cursor, LIVE_PAGE);
    if (recent !== undefined) return recent;
    // Not in memory (any more): this subscriber is catching up.
    live = false;
    const events = await patient(() =>
      reader.allPage({
        lowest: cursor + 1n,
        highest: MAX_INT64,
        direction: 'forwards',
        limit: page.rows,
      }),
    );
    page.learn(events);
    return events;
  };

  const chosenFrom = (events: readonly RecordedEvent[]): readonly RecordedEvent[] => {
    const visible = events.filter((event) => !isHidden(event.stream));
    return filter === undefined ? visible : filter(visible);
  };

  const framesFor = (chosen: readonly RecordedEvent[]): Promise<Buffer[]> => {
    const frames = (): Promise<Buffer[]> => framesOf(reader, chosen, request);
    return isPlain(chosen, request) ? frames() : patient(frames);
  };

  /** Waits for a subscriber that cannot keep up. */
  const room = async (): Promise<void> => {
    const drained = full;
    full = undefined;
    await drained;
  };

  const deliver = async (events: readonly RecordedEvent[]): Promise<void> => {
    const chosen = chosenFrom(events);
    const frameOf = framesInTurn(chosen, framesFor);
    for (const event of events) {
      const frame = await frameOf(event);
      cursor = event.position;
      if (frame !== undefined) send(frame);
      progress?.considered(event.position);
      if (full === undefined) continue;
      await room();
      if (sender.over.aborted) return;
    }
  };

  const rest = async (): Promise<void> => {
    if (!live) {
      live = true;
      progress?.mark(cursor);
      send(caughtUpFrame());
    }
    await advanced(hub, cursor, sender.over);
  };

  send(confirmationFrame(randomUUID()));
  while (!sender.over.aborted) {
    const reached = hub.head;
    if (cursor >= reached) {
      await rest();
      continue;
    }
    const events = await nextEvents();
    await deliver(events);
    // Nothing up to the head: the rest of the log is there to be read but has no events.
    if (events.length === 0 && cursor < reached) cursor = reached;
  }
};
