import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { Failure, NewEvent } from '../core/model.ts';
import { MAX_APPEND_SIZE, WRITE_TIMEOUT_MS } from '../core/model.ts';
import type { WireUuid } from '../wire/uuid.ts';
import { type AppendTarget, appendHeader } from './append-target.ts';
import { isFailure, readProposed } from './proposed.ts';

/** An append whose frames are still coming in. */
export type Incoming = AppendTarget & {
  readonly correlation: WireUuid;
  readonly timeoutMs: number;
  readonly events: NewEvent[];
  size: number;
  timer: NodeJS.Timeout | undefined;
};

export const TIMED_OUT: Failure = {
  kind: 'timeout',
  message: 'the append was not complete in time',
};

/** Client 6.2.1 sends an absolute time; without one, or with a far one, the server's limit holds. */
const timeoutFrom = (options: BatchAppendReq.Options, durationMs: number | undefined): number => {
  const deadline = options.getDeadline();
  if (deadline === undefined) return Math.min(WRITE_TIMEOUT_MS, durationMs ?? WRITE_TIMEOUT_MS);
  const at = deadline.getSeconds() * 1_000 + deadline.getNanos() / 1_000_000;
  return Math.min(WRITE_TIMEOUT_MS, at - Date.now());
};

/** What the first frame of an append says, and why it is refused, if it is, whatever follows. */
export const openIncoming = (
  correlation: WireUuid,
  options: BatchAppendReq.Options,
  durationMs: number | undefined,
): { open: Incoming; refused: Failure | undefined } => {
  const name = options.getStreamIdentifier()?.getStreamName_asU8();
  const { stream, expected, refused } = appendHeader(name, options, () =>
    options.getStreamPosition(),
  );
  const timeoutMs = timeoutFrom(options, durationMs);
  return {
    open: { correlation, stream, expected, timeoutMs, events: [], size: 0, timer: undefined },
    refused: refused ?? (timeoutMs <= 0 ? TIMED_OUT : undefined),
  };
};

/** Adds the events of a frame; says why the append cannot go on, if so. */
export const collect = (
  open: Incoming,
  messages: readonly BatchAppendReq.ProposedMessage[],
): Failure | undefined => {
  for (const message of messages) {
    const event = readProposed(message);
    if (isFailure(event)) return event;
    open.size += event.data.length;
    if (open.size > MAX_APPEND_SIZE) return { kind: 'too-large', maximum: MAX_APPEND_SIZE };
    open.events.push(event);
  }
  return undefined;
};
