import { hash } from 'node:crypto';

type Entry<Value> = { readonly value: Value; readonly until: number };

/**
 * What was verified, until it expires (epoch seconds). Least recently used goes first. Keys are
 * hashed: a heap dump holds no tokens, and an entry has one size whatever was sent.
 */
export function createVerifiedCache<Value>({ maxEntries }: { maxEntries: number }): {
  get(key: string, now: number): Value | undefined;
  set(key: string, value: Value, until: number): void;
  size(): number;
} {
  const entries = new Map<string, Entry<Value>>();
  const nameOf = (key: string): string => hash('sha256', key, 'base64');
  return {
    get(key, now) {
      const name = nameOf(key);
      const entry = entries.get(name);
      if (entry === undefined) return undefined;
      entries.delete(name);
      if (entry.until <= now) return undefined;
      entries.set(name, entry);
      return entry.value;
    },
    set(key, value, until) {
      entries.set(nameOf(key), { value, until });
      if (entries.size <= maxEntries) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    size: () => entries.size,
  };
}
