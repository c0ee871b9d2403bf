import { UsageError } from '../../start/options.ts';

/** Nothing is called so, and these are what there is. */
export function unknownProjection(
  name: string,
  known: Iterable<{ readonly name: string }>,
): UsageError {
  const names = [...new Set([...known].map((one) => one.name))].toSorted();
  return new UsageError(`there is no projection "${name}": expected one of ${names.join(', ')}`);
}
