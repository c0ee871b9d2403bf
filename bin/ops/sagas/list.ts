import { z } from 'zod';
import { UsageError } from '../../start/options.ts';
import type { Cell, Colour } from '../_cli/output.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { openInspector } from './open.ts';

const statuses = ['stuck', 'working', 'waiting', 'settled'] as const;

const input = z.strictObject({
  saga: z.string().min(1).optional().meta({ description: 'only of this saga', value: 'SAGA' }),
  status: z
    .enum(statuses, { error: `expected one of ${statuses.join(', ')}` })
    .optional()
    .meta({ description: `only those that are ${statuses.join(', ')}`, value: 'STATUS' }),
  stuck: z
    .boolean()
    .default(false)
    .meta({ description: 'only those that somebody has to look at: --status stuck' }),
  limit: z.coerce
    .number({ error: 'expected a number' })
    .int({ error: 'expected a whole number' })
    .min(1, { error: 'expected at least 1' })
    .max(10_000, { error: 'expected at most 10000' })
    .default(50)
    .meta({ description: 'most lines', value: 'N' }),
});

const colours: Readonly<Record<(typeof statuses)[number], Colour>> = {
  stuck: 'red',
  working: 'yellow',
  waiting: 'cyan',
  settled: 'green',
};

export const sagasList = defineVerb({
  name: 'list',
  summary: 'List instances of sagas, the newest first',
  description: `stuck: an input is parked, a row was given up on, or something should have happened a minute ago (a
command or side effect that still waits or runs, a timer that did not fire). "stuck since" is the earliest
of them: parked, given up, wanted, due. working: commands or side effects are on their way. waiting: for
a timer. settled: nothing is to come but new events.`,
  input,
  positional: [],
  finding: 'an instance of the list is stuck',
  examples: [
    { line: 'npm run ops -- sagas list --stuck', does: 'what somebody has to look at' },
    {
      line: 'npm run ops -- sagas list --saga hold-seat-until-paid --status waiting',
      does: 'the seats that are held at the moment',
    },
    {
      line: 'npm run -s ops -- sagas list --json --limit 1000',
      does: '[{ saga, instance, status, stuckSince, nextTimer, state, waiting, dead, parked, … }]',
    },
  ],
  run: async ({ input: asked, platform, out }) => {
    const { saga, stuck, limit } = asked;
    if (stuck && asked.status !== undefined && asked.status !== 'stuck') {
      throw new UsageError(`--stuck and --status ${asked.status} exclude each other`);
    }
    const { sagas: definitions } = await import('../../../sagas/index.ts');
    const names = definitions.map(({ name }) => name);
    if (saga !== undefined && !names.includes(saga)) {
      throw new UsageError(`there is no saga "${saga}": expected one of ${names.join(', ')}`);
    }
    const status = stuck ? 'stuck' : asked.status;
    const inspector = await openInspector(platform);
    const found = await inspector.list({
      limit,
      ...(saga === undefined ? {} : { saga }),
      ...(status === undefined ? {} : { status }),
    });
    out.show(found, () => [
      ...out.table(
        [
          ...['saga', 'instance', 'status', 'stuck since', 'next timer'],
          ...['waiting', 'dead', 'parked', 'timers', 'last input', 'at'],
        ],
        found.map((one): Cell[] => [
          ...[one.saga, one.instance],
          { text: one.status, colour: colours[one.status] },
          ...[one.stuckSince, one.nextTimer].map((at) => at?.toISOString() ?? null),
          ...[one.waiting, one.dead, one.parked, one.timers],
          ...[one.lastInput, one.updatedAt.toISOString()],
        ]),
      ),
      ...(found.length === limit ? [`There may be more: --limit ${limit} was reached.`] : []),
    ]);
    return found.some((one) => one.status === 'stuck') ? exits.finding : exits.well;
  },
});
