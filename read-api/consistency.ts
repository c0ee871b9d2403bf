import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  addressKey,
  CONSISTENCY_TOKEN,
  decodeConsistencyToken,
  encodeConsistencyToken,
  retryLater,
} from '../platform/http/index.ts';
import { timeLimits } from '../platform/time-limits.ts';
import type { SeenTracker } from '../projections/_runtime/seen.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** How far the read models are; the projections' runtime answers. */
export type Seen = Pick<SeenTracker, 'waitFor' | 'seenOf'>;

const { usual, most } = timeLimits.tokenMs;
const DEFAULT_WAIT_SECONDS = usual / 1000;
const MOST_WAIT_SECONDS = most / 1000;

type Waiting = {
  readonly seen: Seen;
  readonly room: WaitingRoom;
  readonly projections: readonly string[];
};

/**
 * Read-your-writes: with a token the read waits until the read models show it, and never answers
 * with less. The answer's own token is taken before the query runs, so it promises nothing the
 * query did not see.
 */
export async function waitForToken(
  request: FastifyRequest,
  reply: FastifyReply,
  { seen, room, projections }: Waiting,
): Promise<void> {
  const header = request.headers[CONSISTENCY_TOKEN];
  const wait = waitOf(request.headers['prefer']);
  let shown = 0n;
  if (typeof header === 'string') {
    const position = decodeConsistencyToken(header.trim());
    if (wait.asked) reply.header('Preference-Applied', `wait=${wait.seconds}`);
    if (seen.seenOf(projections) < position) {
      const leave = room.enter(addressKey(request.ip));
      if (leave === null) {
        throw retryLater('not-yet-visible', { detail: 'Too many reads wait already; ask again.' });
      }
      const until = { deadline: Date.now() + wait.seconds * 1000, signal: request.signal };
      const outcome = await seen.waitFor(projections, position, until).finally(leave);
      if (outcome === 'timeout') throw retryLater('not-yet-visible');
    }
    shown = position;
  }
  // What a query reads from the log itself is always up to date and has no token.
  if (projections.length === 0) return;
  const known = seen.seenOf(projections);
  reply.header('Consistency-Token', encodeConsistencyToken(known > shown ? known : shown));
}

/** What a whole read may take, in milliseconds: what it is asked to wait beyond the usual comes on top. */
export function readMs(request: FastifyRequest): number {
  const { seconds } = waitOf(request.headers['prefer']);
  return timeLimits.readMs + Math.max(0, seconds * 1000 - usual);
}

/** RFC 7240: a preference that is not understood is ignored. */
export function waitOf(prefer: string | readonly string[] | undefined): {
  seconds: number;
  asked: boolean;
} {
  const text = typeof prefer === 'string' ? prefer : (prefer ?? []).join(',');
  const digits = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(text)?.[1];
  if (digits === undefined) return { seconds: DEFAULT_WAIT_SECONDS, asked: false };
  return { seconds: Math.min(Number(digits), MOST_WAIT_SECONDS), asked: true };
}
