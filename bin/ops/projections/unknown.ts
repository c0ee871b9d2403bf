import type { ProjectionStatus } from '../../../projections/_runtime/status.ts';
import { UsageError } from '../../start/options.ts';
import { UnavailableError } from '../_cli/unavailable.ts';

/** Nothing is called so, and these are what there is. */
export function unknownProjection(
  name: string,
  known: Iterable<{ readonly name: string }>,
): UsageError {
  const names = [...new Set([...known].map((one) => one.name))].toSorted();
  return new UsageError(`there is no projection "${name}": expected one of ${names.join(', ')}`);
}

/** The version of a projection that queries read. Throws when there is none, and says why. */
export function readVersion(name: string, all: readonly ProjectionStatus[]): ProjectionStatus {
  const own = all.filter(({ projection }) => projection === name);
  const live = own.find((one) => one.live);
  if (live !== undefined) return live;
  const [first] = own;
  if (first === undefined) {
    throw unknownProjection(
      name,
      all.map(({ projection }) => ({ name: projection })),
    );
  }
  throw new UnavailableError(`Nobody can read ${name} yet: ${first.trouble ?? 'it is just made'}.`);
}
