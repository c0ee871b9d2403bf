import type { Position } from '../../projections/_runtime/live.ts';
import type { FeedStep } from './feed.ts';
import { type End, endFrame, heartbeat, retryFrame } from './frames.ts';

export type StreamOptions = {
  readonly first: FeedStep;
  read(position: Position): Promise<FeedStep>;
  /** Resolves at the next news (also of before, if not taken yet), or after so many milliseconds. */
  readonly news: { take(): void; within(ms: number): Promise<void> };
  /** What ends the stream, and is told; null: go on. */
  ended(): End | null;
  /** The client is gone. */
  readonly gone: AbortSignal;
  readonly heartbeatMs: number;
  /** Milliseconds until the stream ends by itself. */
  left(): number;
  /** What a failed read means: to try again later, or the end. */
  failed(error: unknown): 'later' | End;
  /** Called around each wait for the client to take what it was given. */
  handing(frame: Buffer): () => void;
};

const AGAIN_MS = 1000;

/**
 * The bytes of a stream. It is pulled: while a client does not take what it was given nothing is
 * read for it, and then it gets the state of that moment. So a slow client costs one message of
 * memory, however much changes, and misses the states between, not the last one.
 */
export async function* streamOf(options: StreamOptions): AsyncGenerator<Buffer> {
  const { first, news, gone, heartbeatMs, ended, left } = options;
  let { position } = first;
  let step: FeedStep | 'later' | End | null = first;

  const next = (from: Position): Promise<FeedStep | 'later' | End> => {
    news.take();
    return options.read(from).catch(options.failed);
  };

  const hand = async function* (frame: Buffer): AsyncGenerator<Buffer> {
    const taken = options.handing(frame);
    try {
      yield frame;
    } finally {
      taken();
    }
  };

  yield* hand(retryFrame(Math.random()));
  while (!gone.aborted) {
    const end = ended();
    if (end !== null) return yield* hand(endFrame(end));
    step ??= await next(position);
    if (typeof step === 'string') {
      if (step !== 'later') return yield* hand(endFrame(step));
      step = null;
      yield* hand(heartbeat);
      await news.within(Math.min(AGAIN_MS, left()));
      continue;
    }
    position = step.position;
    const { frame, more } = step;
    step = null;
    if (frame !== null) yield* hand(frame);
    if (more) continue;
    const before = Date.now();
    await news.within(Math.min(heartbeatMs, left()));
    if (Date.now() - before >= heartbeatMs) yield* hand(heartbeat);
  }
}
