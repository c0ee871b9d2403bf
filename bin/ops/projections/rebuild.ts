import { z } from 'zod';
import { confirm } from '../_cli/confirm.ts';
import type { Output } from '../_cli/output.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import { defineVerb, type ExitCode, exits } from '../_cli/verb.ts';
import { readProjections } from './status.ts';
import { readVersion } from './unknown.ts';
import { type Progress, watch } from './watch.ts';

export const projectionsRebuild = defineVerb({
  name: 'rebuild',
  summary: 'Build a read model again from the log, while everything runs',
  description: `The process that runs the projection builds it beside the tables that queries read. When both
have handled the same events, rows that differ are put right in one transaction: nobody reads an
empty or half a table. Ctrl-C ends the watching, not the rebuild.`,
  input: z.strictObject({
    projection: z
      .string()
      .min(1)
      .meta({ description: 'which one, as `projections status` names it' }),
    yes: z.boolean().default(false).meta({ description: 'do not ask whether you mean it' }),
  }),
  positional: ['projection'],
  finding: 'it was not finished: given up, or the watching was ended',
  examples: [
    {
      line: 'npm run ops -- projections rebuild enrollments',
      does: 'asks first, then shows how far it is',
    },
    {
      line: 'npm run -s ops -- projections rebuild finance-journal --yes --json',
      does: '{ projection, version, changed, removed, … }: how many rows were other than the log says',
    },
  ],
  run: async ({ input: { projection, yes }, platform, out, signal }) => {
    const live = readVersion(projection, await readProjections(platform));
    // One that fails lets go of its lock again and again, and is built by whoever tries.
    if (live.doing === 'nobody' && live.state !== 'failed') {
      const why = live.state === 'paused' ? 'it is paused' : 'start the role projections first';
      throw new UnavailableError(
        `No process runs ${projection} v${live.version}, and who runs it builds it: ${why}.`,
      );
    }
    if (!yes)
      await confirm(`Build ${projection} again from ${live.handled} events?`, { out, signal });
    const { requestRebuild } = await import('../../../projections/_runtime/index.ts');
    const pool = await platform.pool();
    const since = Date.now();
    const { id, kind } = await requestRebuild(pool, { name: projection, version: live.version });
    if (kind !== 'rebuild') throw new UnavailableError(underWay(projection, kind));
    const ended = await watch({ id, projection, pool, out, signal });
    return ended === null ? exits.finding : tellEnd(ended, Date.now() - since, out);
  },
});

/** Each projection is built beside itself once at a time. */
export const underWay = (projection: string, kind: string): string =>
  `${projection} is just being built for another purpose (${kind}): try again when that is done.`;

function tellEnd(
  { handled: _handled, of: _of, findings: _findings, ...ended }: Progress,
  ms: number,
  out: Output,
): ExitCode {
  const { projection, changed, removed, trouble } = ended;
  if (trouble !== null) out.note(`${projection} was not built again: ${trouble}`);
  out.show({ ...ended, ms }, () =>
    trouble === null ? [endLine(changed ?? 0, removed ?? 0, projection, out)] : [],
  );
  return trouble === null ? exits.well : exits.finding;
}

function endLine(changed: number, removed: number, projection: string, out: Output): string {
  const rows = changed + removed;
  return rows === 0
    ? `${projection}: ${out.paint('green', 'built again, equal to what was there')}`
    : `${projection}: ${out.paint('yellow', `built again, ${changed} rows put right and ${removed} removed`)}`;
}
