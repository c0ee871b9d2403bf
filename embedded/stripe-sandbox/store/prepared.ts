import type { QueryConfig } from 'pg';

const names = new Map<string, string>();

/** A statement that is planned once on each connection. `text` is one of a few: each is kept. */
export function prepared(text: string, values: unknown[] = []): QueryConfig {
  const name = names.get(text) ?? `sandbox ${names.size + 1}`;
  names.set(text, name);
  return { name, text, values };
}
