type Metadata = Record<string, string>;

/**
 * docs.stripe.com/api/metadata: keys are merged, an empty value removes its key, and an empty
 * `metadata` (null here) removes them all.
 */
export function mergeMetadata(
  current: Metadata | null,
  change: Metadata | null | undefined,
): Metadata {
  if (change === undefined) return { ...current };
  if (change === null) return {};
  const merged = { ...current, ...change };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}
