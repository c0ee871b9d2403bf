import { expect } from 'vitest';
import type { Pool } from '../../platform/postgres/index.ts';
import {
  type RebuildKind,
  rebuildProgress,
  requestRebuild,
} from '../../projections/_runtime/rebuild.ts';
import { projections } from '../../projections/index.ts';

/** Has the process that runs a projection build it again or compare it, and says what came of it. */
export async function rebuiltOrCompared(
  pool: Pool,
  definition: (typeof projections)[number],
  kind: RebuildKind,
) {
  const { id } = await requestRebuild(pool, definition, kind);
  await expect
    .poll(async () => (await rebuildProgress(pool, id))?.finishedAt, {
      ...{ timeout: 60_000, message: `${kind} of ${definition.name}` },
    })
    .toBeInstanceOf(Date);
  return rebuildProgress(pool, id);
}

/** By projection: how many rows say something else than a fresh fold of the log. All of them at once. */
export async function rowsThatDiffer(pool: Pool): Promise<Record<string, number | undefined>> {
  const compared = projections.map(async (definition) => {
    const ended = await rebuiltOrCompared(pool, definition, 'compare');
    return [definition.name, ended?.findings?.rows] as const;
  });
  return Object.fromEntries(await Promise.all(compared));
}

export const noRowDiffers: Readonly<Record<string, number>> = Object.fromEntries(
  projections.map(({ name }) => [name, 0]),
);
