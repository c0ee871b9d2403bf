import { createInterface } from 'node:readline/promises';
import { UsageError } from '../../start/options.ts';
import type { Output } from '../_cli/output.ts';

/** Asks the person at the terminal. Throws a `UsageError` for a no, and where nobody can be asked. */
export async function confirm(question: string, out: Output, signal: AbortSignal): Promise<void> {
  if (!out.interactive) throw new UsageError('nobody can be asked here: say --yes if you mean it');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('nothing was done');
  } finally {
    terminal.close();
  }
}
