/**
 * A map of bounded size that forgets what was not used for longest, roughly: it keeps what was used
 * since the last `capacity` entries came in, and at most twice as many. With 0 it keeps nothing.
 */
export type BoundedMap<V> = {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  clear(): void;
  /** Entries that can be had. */
  readonly size: number;
};

/**
 * Two generations: a full young one becomes the old one, and what is asked for there comes back. An
 * exact order would delete and insert at every use, and a `Map` is slow at that: its deleted entries
 * stay until it is copied (a sixth of the node's time went there).
 */
export const boundedMap = <V>(capacity: number): BoundedMap<V> => {
  let young = new Map<string, V>();
  let old = new Map<string, V>();

  const put = (key: string, value: V): void => {
    if (capacity === 0) return;
    if (young.size >= capacity && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const found = old.get(key);
      if (found !== undefined) put(key, found);
      return found;
    },
    set: put,
    clear() {
      young = new Map();
      old = new Map();
    },
    get size() {
      return young.size + old.keys().reduce((n, key) => (young.has(key) ? n : n + 1), 0);
    },
  };
};
