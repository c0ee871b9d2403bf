import { z } from 'zod';
import { defineVerb, exits } from '../_cli/verb.ts';
import { ask, count } from './ask.ts';
import { instanceOf } from './open.ts';

export const sagasPoke = defineVerb({
  name: 'poke',
  summary: 'Let an instance try now what it waits with',
  description: `Commands and side effects that wait for their next attempt are tried at once, and parked inputs are
taken again, in their order, as far as they go. Timers stay: one that fires early would only be found
too early. What was given up on is replayed by \`sagas dead\`. The process that runs the sagas does it;
asked twice it is done once.`,
  input: z.strictObject({
    saga: z.string().min(1).meta({ description: 'name of the saga' }),
    instance: z.string().min(1).meta({ description: 'its instance, as `sagas list` shows it' }),
  }),
  positional: ['saga', 'instance'],
  finding: 'an input is parked still',
  examples: [
    {
      line: 'npm run ops -- sagas poke send-confirmation enr_0000000000000000000000000a',
      does: 'sends the mail now, once the mail server is back',
    },
    {
      line: 'npm run -s ops -- sagas poke hold-seat-until-paid enr_0000000000000000000000000a --json',
      does: '{ saga, instance, rows, inputs, left, cause }',
    },
  ],
  run: async (run) => {
    const { saga, instance } = run.input;
    await instanceOf(run.platform, { saga, instance });
    const [done] = await ask(run, [{ kind: 'poke', saga, instance, subject: '' }]);
    if (done === undefined) throw new RangeError('one request has one answer');
    const { rows, inputs, left, cause } = done.answer;
    run.out.show({ saga, instance, rows, inputs, left, cause }, () => [
      `${count(rows, 'row')} tried now, ${count(inputs, 'parked input')} taken.`,
      ...(cause === null
        ? []
        : [run.out.paint('red', `${count(left, 'input')} still parked: ${cause}`)]),
    ]);
    return left === 0 ? exits.well : exits.finding;
  },
});
