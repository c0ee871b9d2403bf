import type { LiveDefinition, Position } from '../../projections/_runtime/live.ts';
import { stepFrom } from '../../projections/_runtime/live.ts';
import type { QueryContext } from '../../projections/_runtime/query.ts';
import { messageFrame } from './frames.ts';

export type FeedStep = {
  readonly position: Position;
  readonly frame: Buffer | null;
  readonly more: boolean;
};

type Reader = {
  /** What is to be told next from a position. Throws what the query throws. */
  read(
    definition: LiveDefinition,
    context: QueryContext,
    params: Record<string, unknown>,
    at: { readonly position: Position; readonly news: number },
  ): Promise<FeedStep>;
};

/** Streams read with this many connections; the rest of the pool is for everybody else. */
const CONNECTIONS = 4;

/**
 * Reads for streams. Those that stand at one place of one thing, and were woken by the same news,
 * share a read and its bytes: a thousand who follow an activity cost one read a change. `news` counts
 * what this process heard: a read that began before it may not show it, and is not shared by who came
 * or was woken after it.
 */
export function createReader(): Reader {
  const underWay = new Map<string, Promise<FeedStep>>();
  const waiting: (() => void)[] = [];
  let busy = 0;

  const taken = async <T>(work: () => Promise<T>): Promise<T> => {
    if (busy >= CONNECTIONS) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };

  return {
    read(definition, context, params, { position, news }) {
      const audience = definition.audience(context.principal);
      const key = JSON.stringify([definition.name, params, audience, position, news]);
      const present = underWay.get(key);
      if (present !== undefined) return present;
      const step = taken(async () => {
        const { message, ...rest } = await stepFrom(definition, context, params, position);
        if (message === null) return { ...rest, frame: null };
        const { items } = definition.message.parse({ items: message.items }) as {
          items: readonly unknown[];
        };
        return { ...rest, frame: messageFrame({ ...message, items }) };
      }).finally(() => underWay.delete(key));
      underWay.set(key, step);
      return step;
    },
  };
}
