import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { type Failure, WRITE_TIMEOUT_MS } from '../core/model.ts';
import type { WireUuid } from '../wire/uuid.ts';
import { type AppendTarget, appendHeader } from './append-target.ts';
import { type Collected, nothingYet } from './collected.ts';

/** An append whose frames are still coming in. */
export type Incoming = AppendTarget & {
  readonly correlation: WireUuid;
  readonly timeoutMs: number;
  readonly collected: Collected;
  /** What of it is counted among the incomplete ones. */
  held: number;
  timer: NodeJS.Timeout | undefined;
};

export const TIMED_OUT: Failure = {
  kind: 'timeout',
  message: 'the append was not complete in time',
};

export const NEVER_COMPLETED: Failure = {
  kind: 'bad-request',
  message: 'the stream ended before the append was complete',
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
    open: {
      ...{ correlation, stream, expected, timeoutMs },
      ...{ collected: nothingYet(), held: 0, timer: undefined },
    },
    refused: refused ?? (timeoutMs <= 0 ? TIMED_OUT : undefined),
  };
};
