import { z } from 'zod';
import type { ParkedSummary } from '../../../projections/_runtime/index.ts';
import type { Cell, Output } from '../_cli/output.ts';
import { plain } from '../_cli/output.ts';
import type { Platform } from '../_cli/platform.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { unknownProjection } from './unknown.ts';

export const projectionsParked = defineVerb({
  name: 'parked',
  summary: 'List the keys that wait behind an event that could not be applied',
  description: `One line for each key, by projection: the event that stands in the way, since when, why, and how many
events wait with it. Every other key of the read model goes on.`,
  input: z.strictObject({
    projection: z.string().min(1).optional().meta({ description: 'only of this one' }),
  }),
  positional: ['projection'],
  finding: 'something is parked',
  examples: [
    { line: 'npm run ops -- projections parked', does: 'what waits, and why' },
    {
      line: 'npm run -s ops -- projections parked enrollments --json',
      does: '[{ projection, version, key, events, firstOrdinal, type, stream, cause, attempts, parkedAt }]',
    },
  ],
  run: async ({ input: { projection }, platform, out }) => {
    const found = await readParked(platform, { projection });
    out.show(found, () => parkedTable(found, out));
    return found.length === 0 ? exits.well : exits.finding;
  },
});

/** What is parked: all of it, of one projection, or of one key there. */
export async function readParked(
  platform: Platform,
  wanted: { readonly projection: string | undefined; readonly key?: string | undefined },
): Promise<readonly ParkedSummary[]> {
  const [{ listParked }, { projections }] = await Promise.all([
    import('../../../projections/_runtime/index.ts'),
    import('../../../projections/index.ts'),
  ]);
  const { projection: asked } = wanted;
  if (asked !== undefined && !projections.some(({ name }) => name === asked)) {
    throw unknownProjection(asked, projections);
  }
  const all = await listParked(await platform.pool());
  return all.filter(
    ({ projection, key }) =>
      (wanted.projection ?? projection) === projection && (wanted.key ?? key) === key,
  );
}

/** As a table, with each cause on a line of its own: causes are long. */
export function parkedTable(found: readonly ParkedSummary[], out: Output): readonly string[] {
  if (found.length === 0) return [out.paint('green', 'Nothing is parked.')];
  return [
    ...out.table(
      ['projection', 'version', 'key', 'events', 'first', 'stream', 'attempts', 'since'],
      found.map((one): Cell[] => [
        ...[one.projection, one.version, plain(one.key), one.events, plain(one.type)],
        ...[plain(one.stream), one.attempts, one.parkedAt],
      ]),
    ),
    ...found.map(({ projection, key, cause }) =>
      out.paint('red', plain(`${projection} ${key}: ${cause ?? 'waits behind an earlier event'}`)),
    ),
  ];
}
