import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Pool } from '../../../platform/postgres/index.ts';
import type { rebuildProgress } from '../../../projections/_runtime/index.ts';
import { UsageError } from '../../start/options.ts';
import type { Output } from '../_cli/output.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import { defineVerb, type ExitCode, exits } from '../_cli/verb.ts';
import { percentOf, readProjections } from './status.ts';
import { unknownProjection } from './unknown.ts';

const POLL_MS = 250;
/** Whoever runs the projection looks each second. */
const STARTS_WITHIN_MS = 15_000;

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
    const all = await readProjections(platform);
    const live = all.find((one) => one.projection === projection && one.live);
    if (live === undefined) {
      throw unknownProjection(
        projection,
        all.map((one) => ({ name: one.projection })),
      );
    }
    if (live.state === 'not-running') {
      throw new UnavailableError(
        `No process runs ${projection} v${live.version}, and who runs it builds it: start the role projections first.`,
      );
    }
    if (!yes) await confirm(`Build ${projection} again from ${live.handled} events?`, out, signal);
    const { requestRebuild } = await import('../../../projections/_runtime/index.ts');
    const pool = await platform.pool();
    const { id } = await requestRebuild(pool, { name: projection, version: live.version });
    return watch({ id, projection, pool, out, signal });
  },
});

async function confirm(question: string, out: Output, signal: AbortSignal): Promise<void> {
  if (!out.interactive) throw new UsageError('nobody can be asked here: say --yes if you mean it');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('nothing was done');
  } finally {
    terminal.close();
  }
}

type Progress = NonNullable<Awaited<ReturnType<typeof rebuildProgress>>>;

type Watched = {
  readonly id: number;
  readonly projection: string;
  readonly pool: Pool;
  readonly out: Output;
  readonly signal: AbortSignal;
};

/** Shows how far it is until it is finished. The exit code. */
async function watch({ id, projection, pool, out, signal }: Watched): Promise<ExitCode> {
  const { rebuildProgress: ask } = await import('../../../projections/_runtime/index.ts');
  const since = Date.now();
  let said = '';
  for (;;) {
    const now = await ask(pool, id);
    if (now === null) throw new UnavailableError(`the rebuild of ${projection} was removed`);
    if (now.finishedAt !== null) return tellEnd(now, Date.now() - since, out);
    if (signal.aborted) {
      out.note(`It goes on by itself; \`npm run ops -- projections status\` shows how far it is.`);
      return exits.finding;
    }
    if (now.startedAt === null && Date.now() - since > STARTS_WITHIN_MS) {
      throw new UnavailableError(
        `Nobody has begun to build ${projection} again: it is asked for, and whoever runs it next will.`,
      );
    }
    const line = progressLine(projection, now, Date.now() - since);
    if (line !== said) out.progress(line);
    said = line;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** In steps of ten percent, so that a log of a script does not fill with them. */
export function progressLine(
  projection: string,
  { handled, of, trouble }: { handled: number; of: number; trouble: string | null },
  ms: number,
): string {
  const waits = trouble === null ? '' : `, waits: ${trouble}`;
  if (handled === 0) return `${projection}: beginning${waits}`;
  const left = handled >= of ? 0 : ((ms / handled) * (of - handled)) / 1000;
  const tenths = percentOf(Math.floor((handled / Math.max(of, 1)) * 10), 10);
  const when = left < 1 ? '' : `, about ${Math.ceil(left)} s left`;
  return `${projection}: ${tenths} of ${of} events${when}${waits}`;
}

function tellEnd(
  { handled: _handled, of: _of, ...ended }: Progress,
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
