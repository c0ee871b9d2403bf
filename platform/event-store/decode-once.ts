import type { StoredEvent } from '../../domain/_kernel/event.ts';
import type { Codec, RawEvent } from './codec.ts';

type Decoded = StoredEvent | Error;

/** Events that are decoded together; `results` once they are. */
type Work = { readonly done: Promise<void>; results: readonly Decoded[] };

/**
 * The codec's `decode` for events that several consumers of this process take from one subscription:
 * whoever comes first decodes them, the others get the same. Nothing is kept of an event longer than
 * its raw form lives, and nothing of a question to the key store that failed.
 */
export function createDecodeOnce(decode: Codec['decode']): {
  /** Several will decode these. */
  share(raws: readonly RawEvent[]): void;
  readonly decode: Codec['decode'];
} {
  const shared = new WeakMap<RawEvent, { work: Work; at: number } | null>();

  const begin = (raws: readonly RawEvent[]): void => {
    const work: Work = {
      done: decode(raws).then(
        (results) => {
          work.results = results;
        },
        (error: unknown) => {
          for (const raw of raws) shared.set(raw, null);
          throw error;
        },
      ),
      results: [],
    };
    for (const [at, raw] of raws.entries()) shared.set(raw, { work, at });
  };

  return {
    share: (raws) => {
      for (const raw of raws) shared.set(raw, null);
    },
    decode: async (raws) => {
      // Events come from one subscription in pieces: most batches are shared altogether, or not at all.
      if (!raws.every((raw) => shared.has(raw))) return decode(raws);
      const fresh = raws.filter((raw) => shared.get(raw) === null);
      if (fresh.length > 0) begin(fresh);
      const entries = raws.map((raw) => shared.get(raw));
      await Promise.all(new Set(entries.map((entry) => entry?.work.done)));
      return entries.map((entry) => {
        const result = entry?.work.results[entry.at];
        if (result === undefined) throw new RangeError('decode lost an event');
        return result;
      });
    },
  };
}
