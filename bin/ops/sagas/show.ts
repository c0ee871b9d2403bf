import { z } from 'zod';
import type { Cell } from '../_cli/output.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { instanceOf, openInspector } from './open.ts';
import { explainedSchema, timelineOf } from './timeline.ts';

export const sagasShow = defineVerb({
  name: 'show',
  summary: 'Show one instance: its state, what it did and when, timers, attempts',
  input: z.strictObject({
    saga: z.string().min(1).meta({ description: 'name of the saga' }),
    instance: z.string().min(1).meta({ description: 'its instance, as `sagas list` shows it' }),
  }),
  positional: ['saga', 'instance'],
  finding: 'there is no such instance, or it is stuck',
  examples: [
    {
      line: 'npm run ops -- sagas show hold-seat-until-paid enr_0000000000000000000000000a',
      does: 'why a seat is held, and since when',
    },
    {
      line: 'npm run -s ops -- sagas show send-confirmation enr_0000000000000000000000000a --json',
      does: '{ saga, instance, state, timers, outbox, parked, timeline, … }',
    },
  ],
  run: async ({ input: { saga, instance }, platform, out }) => {
    const inspector = await openInspector(platform);
    const explained = await inspector.explain(saga, instance);
    if (explained === null) {
      out.note(
        `${saga} has no instance ${instance}: \`npm run ops -- sagas list\` shows those there are.`,
      );
      return exits.finding;
    }
    const found = explainedSchema.parse(explained);
    const timeline = timelineOf(found);
    out.show({ ...explained, timeline }, () => [
      `${out.paint('bold', `${saga} ${instance}`)}  ${found.revision ?? 0} inputs, the last ${found.lastInput ?? 'parked'}`,
      '',
      'State:',
      ...JSON.stringify(found.state, null, 2)
        .split('\n')
        .map((line) => `  ${line}`),
      '',
      ...out.table(
        ['at', 'what'],
        timeline.map(({ at, what, wrong }): Cell[] => [
          at,
          wrong ? { text: what, colour: 'red' } : what,
        ]),
      ),
    ]);
    const { status } = await instanceOf(platform, { saga, instance });
    return status === 'stuck' ? exits.finding : exits.well;
  },
});
