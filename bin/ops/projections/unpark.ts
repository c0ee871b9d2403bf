import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ParkedSummary } from '../../../projections/_runtime/index.ts';
import { UsageError } from '../../start/options.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { parkedTable, readParked } from './parked.ts';

const POLL_MS = 250;
/** Whoever runs a projection looks each second. */
const TRIED_WITHIN_MS = 15_000;

export const projectionsUnpark = defineVerb({
  name: 'unpark',
  summary: 'Apply what is parked once more, after its cause was mended',
  description: `The events of the key are read from the log again, decoded as the running release does, and applied in
their order as far as they go. Nothing is lost when one still cannot be: it stays, with its cause.`,
  input: z.strictObject({
    projection: z.string().min(1).optional().meta({ description: 'of which read model' }),
    key: z.string().min(1).optional().meta({ description: 'which, as `projections parked` says' }),
    all: z
      .boolean()
      .default(false)
      .meta({ description: 'all keys, of the read model that is named or of every one' }),
  }),
  positional: ['projection', 'key'],
  finding: 'something is still parked',
  examples: [
    {
      line: 'npm run ops -- projections unpark enrollments enr_0000000000000000000000000a',
      does: 'one key',
    },
    { line: 'npm run ops -- projections unpark enrollments --all', does: 'all keys of one' },
    {
      line: 'npm run -s ops -- projections unpark --all --json',
      does: '{ applied, parked }: how many events were applied, and what is parked still',
    },
  ],
  run: async ({ input: { projection, key, all }, platform, out, signal }) => {
    if (all === (key !== undefined)) {
      throw new UsageError('name a projection and a key, or say --all');
    }
    const before = await readParked(platform, { projection, key });
    if (key !== undefined && before.length === 0) {
      throw new UsageError(`nothing is parked under ${key} in ${projection}`);
    }
    const { requestUnpark } = await import('../../../projections/_runtime/index.ts');
    const pool = await platform.pool();
    for (const one of before) await requestUnpark(pool, one.projection, one.key);
    const since = Date.now();
    let said: number | undefined;
    for (;;) {
      const now = await readParked(platform, { projection, key });
      const open = before.filter((one) => !wasTried(one, now)).length;
      if (open === 0) {
        const applied = total(before) - total(now);
        out.show({ applied, parked: now }, () => [
          `${applied} events were applied.`,
          ...parkedTable(now, out),
        ]);
        return now.length === 0 ? exits.well : exits.finding;
      }
      if (signal.aborted || Date.now() - since > TRIED_WITHIN_MS) {
        throw new UnavailableError(
          `${open} keys were not tried yet: it is asked for, and whoever runs the projection next will.`,
        );
      }
      if (open !== said) out.progress(`${before.length - open} of ${before.length} keys tried`);
      said = open;
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  },
});

const total = (parked: readonly ParkedSummary[]): number =>
  parked.reduce((sum, { events }) => sum + events, 0);

/** Gone, or refused once more: each try is one transaction, so it is never seen half done. */
function wasTried(before: ParkedSummary, now: readonly ParkedSummary[]): boolean {
  const same = now.find(
    ({ projection, version, key }) =>
      projection === before.projection && version === before.version && key === before.key,
  );
  return (
    same === undefined ||
    same.firstOrdinal !== before.firstOrdinal ||
    same.attempts !== before.attempts
  );
}
