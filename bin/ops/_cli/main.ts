import { isConnectionError } from '../../../platform/postgres/index.ts';
import { UsageError } from '../../start/options.ts';
import { messageOf } from '../../start/reporter.ts';
import { entries } from '../index.ts';
import { helpOfGroup, helpOfOps, helpOfVerb } from './help.ts';
import { findInstallation, UnavailableError } from './installation.ts';
import { createOutput } from './output.ts';
import { parseWish, type Wish } from './parse.ts';
import { openPlatform } from './platform.ts';
import { reasonOf } from './reason.ts';
import { type Entry, type ExitCode, exits, isGroup } from './verb.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Runs one command line to its exit code. Says everything there is to say; never throws. */
export async function main(argv: readonly string[], env: Variables): Promise<number> {
  // `ops events tail | head`: the reader has had enough, which is no failure of ours.
  process.stdout.on('error', () => process.exit(exits.well));
  try {
    const wish = parseWish(entries, argv);
    if (wish.kind === 'run') return await run(wish, env);
    const text = helpOf(wish);
    (wish.kind === 'help' ? process.stdout : process.stderr).write(text);
    return wish.kind === 'help' ? exits.well : exits.usage;
  } catch (error) {
    process.stderr.write(`${sentence(error)}\n`);
    return error instanceof UsageError ? exits.usage : exits.unavailable;
  }
}

async function run(wish: Extract<Wish, { kind: 'run' }>, env: Variables): Promise<ExitCode> {
  const platform = openPlatform(await findInstallation(env, wish.common.data));
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ended.abort());
  }
  try {
    const out = createOutput({ json: wish.common.json });
    return await wish.run({ platform, out, signal: ended.signal });
  } finally {
    await platform.close();
  }
}

function helpOf({ about, path }: { about: Entry | null; path: string }): string {
  if (about === null) return helpOfOps(entries);
  return isGroup(about) ? helpOfGroup(about) : helpOfVerb(about, path);
}

/** What can go wrong in the world is told in a line; a bug with its stack. */
function sentence(error: unknown): string {
  if (error instanceof UsageError || error instanceof UnavailableError) return error.message;
  const said = messageOf(error);
  return said.includes('\n') && !isConnectionError(error) ? said : reasonOf(error);
}
