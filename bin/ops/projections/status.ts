import { z } from 'zod';
import type { ProjectionStatus } from '../../../projections/_runtime/status.ts';
import type { Cell, Colour } from '../_cli/output.ts';
import type { Platform } from '../_cli/platform.ts';
import { defineVerb, exits } from '../_cli/verb.ts';

export const projectionsStatus = defineVerb({
  name: 'status',
  summary: 'Show where each read model stands, and what is parked',
  input: z.strictObject({}),
  positional: [],
  finding:
    'a projection is paused, failed, does not run, stands, lags, has parked events or rows that drifted',
  examples: [
    { line: 'npm run ops -- projections status', does: 'one line for each version' },
    {
      line: 'npm run -s ops -- projections status --json',
      does: '[{ projection, version, state, doing, handled, lag, parked, trouble, … }]',
    },
  ],
  run: async ({ platform, out }) => {
    const found = await readProjections(platform);
    out.show(found, () => [
      ...out.table(
        [
          'projection',
          'version',
          'read',
          'state',
          'doing',
          'handled',
          'seen',
          'lag',
          'parked',
          'oldest parked',
          'rebuild',
          'compared',
        ],
        found.map(row),
      ),
      ...found.flatMap(({ projection, version, trouble }) =>
        trouble === null ? [] : [out.paint('red', `${projection} v${version}: ${trouble}`)],
      ),
    ]);
    return found.some(({ trouble }) => trouble !== null) ? exits.finding : exits.well;
  },
});

/** Every projection as it stands. */
export async function readProjections(platform: Platform): Promise<readonly ProjectionStatus[]> {
  const [{ projectionStatus }, { projections }] = await Promise.all([
    import('../../../projections/_runtime/status.ts'),
    import('../../../projections/index.ts'),
  ]);
  return projectionStatus(await platform.pool(), await platform.eventStore(), projections);
}

const states: Readonly<Record<ProjectionStatus['state'], Colour>> = {
  new: 'cyan',
  booting: 'cyan',
  live: 'green',
  paused: 'yellow',
  detached: 'dim',
  failed: 'red',
};

const activities: Readonly<Record<ProjectionStatus['doing'], Colour>> = {
  'at-head': 'green',
  'catching-up': 'yellow',
  standing: 'red',
  nobody: 'dim',
};

/** How much of the log was handled again. */
export const percentOf = (handled: number, of: number): string =>
  `${of === 0 ? 100 : Math.floor((100 * Math.min(handled, of)) / of)} %`;

function comparedCell(compared: ProjectionStatus['compared']): Cell {
  if (compared === null) return null;
  const { rows, at } = compared;
  return rows === 0
    ? { text: `equal ${at}`, colour: 'green' }
    : { text: `${rows} rows differ ${at}`, colour: 'red' };
}

function row(status: ProjectionStatus): readonly Cell[] {
  const { projection, version, state, doing, handled, seenPosition, lag, parked } = status;
  const { live, rebuilt, compared } = status;
  const missing = live && doing === 'nobody' && state !== 'paused';
  const lagText = `${lag.atLeast ? '≥ ' : ''}${lag.events} (${lag.seconds.toFixed(1)} s)`;
  return [
    projection,
    version,
    live ? 'yes' : '-',
    { text: state, colour: states[state] },
    { text: doing, colour: missing ? 'red' : activities[doing] },
    handled,
    seenPosition,
    lagText,
    parked.keys === 0 ? 0 : { text: `${parked.keys} (${parked.events} events)`, colour: 'red' },
    parked.oldest,
    rebuilt === null ? null : { text: percentOf(rebuilt, handled), colour: 'cyan' },
    comparedCell(compared),
  ];
}
