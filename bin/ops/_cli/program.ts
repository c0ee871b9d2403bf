import type { z } from 'zod';
import { isConnectionError } from '../../../platform/postgres/index.ts';
import { UsageError } from '../../start/options.ts';
import { messageOf } from '../../start/reporter.ts';
import { helpOf } from './help.ts';
import { parseWish } from './parse.ts';
import { reasonOf } from './reason.ts';
import { UnavailableError } from './unavailable.ts';
import { type ExitCode, exits, type Program } from './verb.ts';

/** Aborts at the first Ctrl-C or SIGTERM; a second one ends the process. */
export function endOnSignal(): AbortSignal {
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ended.abort());
  }
  return ended.signal;
}

/** Reads the command line of a program; `run` opens what a verb needs and runs it. */
export async function runProgram<Context, Common extends z.ZodObject>(
  program: Program<Context, Common>,
  argv: readonly string[],
  run: (
    common: z.output<Common>,
    runVerb: (context: Context) => Promise<ExitCode>,
  ) => Promise<ExitCode>,
): Promise<ExitCode> {
  // `ops events tail | head`: the reader has had enough, which is no failure of ours.
  process.stdout.on('error', () => process.exit(exits.well));
  try {
    const wish = parseWish(program, argv);
    if (wish.kind === 'run') return await run(wish.common, wish.run);
    const text = helpOf(program, wish);
    (wish.kind === 'help' ? process.stdout : process.stderr).write(text);
    return wish.kind === 'help' ? exits.well : exits.usage;
  } catch (error) {
    process.stderr.write(`${sentence(error)}\n`);
    return error instanceof UsageError ? exits.usage : exits.unavailable;
  }
}

/** What can go wrong in the world is told in a line; a bug with its stack. */
function sentence(error: unknown): string {
  if (error instanceof UsageError || error instanceof UnavailableError) return error.message;
  if (lacksTable(error)) {
    return `The database is not that of this release, or empty (${reasonOf(error)}): start the role projections, and the others, of this release on it first.`;
  }
  const said = messageOf(error);
  return said.includes('\n') && !isConnectionError(error) ? said : reasonOf(error);
}

/** Postgres knows no such table, column or schema: nobody has made them there, or an older release. */
const lacksTable = (error: unknown): boolean =>
  error instanceof Error &&
  'severity' in error &&
  'code' in error &&
  /^(42P01|42703|3F000)$/.test(String(error.code));
