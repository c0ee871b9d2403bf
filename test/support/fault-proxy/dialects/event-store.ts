import type { Dialect } from '../dialect.ts';
import { createFrameReader, DATA } from './http2-frames.ts';

/** Stands in every proposed event and in no other message; headers have it compressed. */
const OF_AN_EVENT = Buffer.from('content-type');

/** Waits for the answers to appends, batched or not; reads and subscriptions are left alone. */
export const storeAppends: Dialect = () => {
  const asked = createFrameReader();
  const answered = createFrameReader();
  const appends = new Set<number>();
  return {
    asks: (chunk) => {
      for (const { type, stream, payload } of asked(chunk)) {
        if (type === DATA && payload.includes(OF_AN_EVENT)) appends.add(stream);
      }
    },
    answers: (chunk) =>
      answered(chunk).flatMap(({ type, stream }) =>
        type === DATA && appends.has(stream) ? [`append ${stream}`] : [],
      ),
  };
};
