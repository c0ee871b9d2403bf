import { z } from 'zod';
import type { SagaInstance } from '../../../sagas/_runtime/inspect.ts';
import { confirm } from '../_cli/confirm.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { ask, count } from './ask.ts';
import { instanceOf } from './open.ts';

export const sagasCancel = defineVerb({
  name: 'cancel',
  summary: 'Call off everything that an instance waits with',
  description: `Its commands and side effects that wait, run or were given up on are called off, its timers too, and
its parked inputs are dropped. This cannot be undone: nothing of it is ever tried again, and the saga never
hears of the dropped inputs. What was running may have happened all the same. The instance keeps its
state, and events that come later move it as ever: money that is paid later must not be nobody's.`,
  input: z.strictObject({
    saga: z.string().min(1).meta({ description: 'name of the saga' }),
    instance: z.string().min(1).meta({ description: 'its instance, as `sagas list` shows it' }),
    yes: z.boolean().default(false).meta({ description: 'do not ask whether you mean it' }),
  }),
  positional: ['saga', 'instance'],
  examples: [
    {
      line: 'npm run ops -- sagas cancel send-confirmation enr_0000000000000000000000000a',
      does: 'asks first: a mail to an address that does not exist is not tried any more',
    },
    {
      line: 'npm run -s ops -- sagas cancel send-confirmation enr_0000000000000000000000000a --yes --json',
      does: '{ saga, instance, rows, running, timers, inputs }: how many of each were called off',
    },
  ],
  run: async (run) => {
    const { saga, instance, yes } = run.input;
    const found = await instanceOf(run.platform, { saga, instance });
    if (!yes) await confirm(questionOf(found), run);
    const [done] = await ask(run, [{ kind: 'cancel', saga, instance, subject: '' }]);
    if (done === undefined) throw new RangeError('one request has one answer');
    const { rows, running, timers, inputs } = done.answer;
    run.out.show({ saga, instance, rows, running, timers, inputs }, () => [
      `${count(rows, 'row')} and ${count(timers, 'timer')} called off, ${count(inputs, 'parked input')} dropped.`,
      ...(running === 0
        ? []
        : [
            run.out.paint(
              'yellow',
              `${count(running, 'row')} ran at that moment: \`npm run ops -- events stream\` tells whether it happened.`,
            ),
          ]),
    ]);
    return exits.well;
  },
});

const questionOf = ({ saga, instance, waiting, dead, timers, parked }: SagaInstance): string =>
  [
    `Call off ${count(waiting + dead, 'row')} and ${count(timers, 'timer')} of ${saga} ${instance}`,
    parked === 0 ? '' : ` and drop ${count(parked, 'parked input')}`,
    '? It cannot be undone.',
  ].join('');
