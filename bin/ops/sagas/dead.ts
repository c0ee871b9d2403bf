import { z } from 'zod';
import type { DeadLetter } from '../../../sagas/_runtime/dead-letters.ts';
import { UsageError } from '../../start/options.ts';
import { type Cell, type Output, plain } from '../_cli/output.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { ask, count } from './ask.ts';
import { openInspector } from './open.ts';

export const sagasDead = defineVerb({
  name: 'dead',
  summary: 'List what sagas gave up on, and replay it after its cause was mended',
  description: `Commands and side effects that are not tried any more, and inputs that an instance could not take. A
replay gives a row a new round of attempts under the same id, and takes the parked inputs of an instance
in their order, as far as they go. The process that runs the sagas does it; asked twice it is done once.`,
  input: z.strictObject({
    replay: z.string().min(1).optional().meta({ description: 'replay this one', value: 'ID' }),
    all: z.boolean().default(false).meta({ description: 'replay all of them' }),
  }),
  positional: [],
  finding: 'there are some, or after a replay some inputs are parked still',
  examples: [
    { line: 'npm run ops -- sagas dead', does: 'what was given up on, since when and why' },
    {
      line: 'npm run ops -- sagas dead --replay 0b9d4a5e-7f43-5c55-9d3c-0a4c6d9c1a77',
      does: 'one of them, as the list names it',
    },
    {
      line: 'npm run -s ops -- sagas dead --all --json',
      does: '{ rows, inputs, left: [{ saga, instance, left, cause }] }: what is tried again, what is parked still',
    },
  ],
  run: async (run) => {
    const { input: asked, platform, out } = run;
    const { replay, all } = asked;
    if (all && replay !== undefined) throw new UsageError('--replay and --all exclude each other');
    const found = await (await openInspector(platform)).dead();
    if (!all && replay === undefined) {
      out.show(found, () => tableOf(found, out));
      return found.length === 0 ? exits.well : exits.finding;
    }
    const chosen = all ? found : found.filter(({ id }) => id === replay);
    if (!all && chosen.length === 0) {
      throw new UsageError(`nothing that was given up on is called ${replay}`);
    }
    const { replayOf } = await import('../../../sagas/_runtime/dead-letters.ts');
    const answers = await ask(run, chosen.map(replayOf));
    const sum = (of: 'rows' | 'inputs') =>
      answers.reduce((total, { answer }) => total + answer[of], 0);
    const left = answers.flatMap(({ saga, instance, answer }) =>
      answer.left === 0 ? [] : [{ saga, instance, left: answer.left, cause: answer.cause }],
    );
    out.show({ rows: sum('rows'), inputs: sum('inputs'), left }, () => [
      `${count(sum('rows'), 'row')} tried again, ${count(sum('inputs'), 'parked input')} taken.`,
      ...left.map((one) =>
        out.paint(
          'red',
          plain(
            `${one.saga} ${one.instance}: ${count(one.left, 'input')} still parked: ${one.cause}`,
          ),
        ),
      ),
    ]);
    return left.length === 0 ? exits.well : exits.finding;
  },
});

/** As a table, with each cause on a line of its own: causes are long. */
function tableOf(found: readonly DeadLetter[], out: Output): readonly string[] {
  if (found.length === 0) return [out.paint('green', 'Nothing was given up on.')];
  return [
    ...out.table(
      ['id', 'kind', 'saga', 'instance', 'what', 'attempts', 'behind', 'since'],
      found.map((one): Cell[] => [
        ...[one.id, one.kind, one.saga, one.instance, one.name],
        ...[one.attempts, one.behind, one.since.toISOString()],
      ]),
    ),
    ...found.map(({ id, cause }) => out.paint('red', plain(`${id}: ${cause}`))),
  ];
}
