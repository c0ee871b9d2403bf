import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { idSchema } from '../../../domain/_kernel/ids.ts';
import { isMissing } from '../../../embedded/durable-file.ts';
import type { TakingsBreak, TakingsCheck } from '../../../exporters/takings-check/index.ts';
import { UsageError } from '../../start/options.ts';
import type { Cell, Output } from '../_cli/output.ts';
import { defineVerb, type ExitCode, exits, type Run } from '../_cli/verb.ts';
import { notThere } from './not-there.ts';

const input = z.strictObject({
  file: z.string().optional().meta({ description: 'a file that `finance export` wrote' }),
  activity: idSchema('act')
    .optional()
    .meta({ description: 'the takings of this activity instead', value: 'ACTIVITY' }),
  all: z.boolean().default(false).meta({ description: 'the takings of all activities instead' }),
  wait: z.coerce
    .number({ error: 'expected seconds' })
    .min(0, { error: 'expected seconds, from 0' })
    .max(3600, { error: 'expected at most 3600 seconds' })
    .default(0)
    .meta({
      description: 'takings: wait so long for the statement while something is open',
      value: 'SECONDS',
    }),
});
type Input = z.output<typeof input>;

export const financeVerify = defineVerb({
  name: 'verify',
  summary: "Check an exported file, or the takings against Stripe's statement and the tills",
  description: `A file: whether it is whole, unchanged, and its totals are those of its lines.
Takings: our log against Stripe's own statement and the counted tills, to the cent. Each break is
named with its payment; the last line is the difference (our log less theirs).`,
  input,
  positional: ['file'],
  finding: 'the file is damaged, or there is a difference',
  examples: [
    { line: 'npm run ops -- finance verify settlement.csv', does: 'a file, by itself' },
    {
      line: 'npm run ops -- finance verify --all --wait 30',
      does: 'the takings of all activities',
    },
    {
      line: 'npm run -s ops -- finance verify --activity act_0000000000000000000000000a --json',
      does: '{ agrees, open, activities, breaks, differences }',
    },
  ],
  run: async (run) => {
    const { file, activity, all } = run.input;
    const asked = [file, activity, all ? true : undefined].filter((one) => one !== undefined);
    if (asked.length !== 1) {
      throw new UsageError('finance verify takes one of: FILE, --activity ACTIVITY, --all');
    }
    return file === undefined
      ? notThere(run.out, () => verifyTakings(run))
      : verifyExported(file, run.out);
  },
});

async function verifyExported(file: string, out: Output): Promise<ExitCode> {
  const { verifyExport } = await import('../../../exporters/index.ts');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new UsageError(`there is no file ${file}`, { cause: error });
  });
  const verdict = verifyExport(text);
  out.show({ file, ...verdict }, () => [
    verdict.ok
      ? `${file}: ${out.paint('green', 'whole and unchanged')} (${verdict.kind}, ${verdict.lines} lines)`
      : `${file}:${verdict.line}: ${out.paint('red', verdict.problem)}`,
  ]);
  return verdict.ok ? exits.well : exits.finding;
}

async function verifyTakings({
  input: asked,
  platform,
  out,
  signal,
}: Run<Input>): Promise<ExitCode> {
  const { checkTakings } = await import('../../../exporters/takings-check/index.ts');
  const { majorUnits } = await import('../../../exporters/_runtime/amounts.ts');
  const db = await platform.readModels();
  const { activity: activityId } = asked;
  const ask = () => checkTakings({ db, ...(activityId === undefined ? {} : { activityId }) });
  const until = Date.now() + asked.wait * 1000;
  let check = await ask();
  while (check.open && Date.now() < until && !signal.aborted) {
    // The statement is read every few seconds.
    await delay(250, undefined, { signal }).catch(() => undefined);
    check = await ask();
  }
  out.show(check, () => takingsLines(check, out, majorUnits));
  return check.agrees ? exits.well : exits.finding;
}

type Major = (amount: number, currency: string) => string;

function takingsLines(check: TakingsCheck, out: Output, major: Major): string[] {
  const { activities, breaks, differences } = check;
  const colours = { agrees: 'green', open: 'yellow', break: 'red' } as const;
  return [
    ...out.table(
      ['activity', 'title', 'status', 'payments', 'takings', 'refunds', 'fees', 'difference', ''],
      activities.map((one): Cell[] => [
        ...[one.activityId, one.title],
        { text: one.status, colour: colours[one.status] },
        one.payments,
        ...[one.takings, one.refunds, one.fees, one.difference].map((amount) =>
          major(amount, one.currency),
        ),
        one.currency,
      ]),
    ),
    ...breaks.map((one) => breakLine(one, out, major)),
    ...differences.map(({ amount, currency }) =>
      out.paint(
        check.agrees ? 'green' : 'red',
        `difference ${major(amount, currency)} ${currency}`,
      ),
    ),
  ];
}

function breakLine(one: TakingsBreak, out: Output, major: Major): string {
  const { kind, status, causes, difference, activityId } = one;
  const id = one.paymentId ?? one.balanceTransactionId ?? one.tillId ?? '';
  const where = activityId === null ? '' : ` of ${activityId}`;
  const amount = `${major(difference.amount, difference.currency)} ${difference.currency}`;
  const told = `${status}: ${kind} ${id}${where}: ${amount}, ${causes.join(', ')}`;
  return out.paint(status === 'break' ? 'red' : 'yellow', told);
}
