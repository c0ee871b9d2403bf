import { createInterface } from 'node:readline/promises';
import { UsageError } from '../../start/options.ts';
import type { OpsContext } from './verb.ts';

/** Asks on the terminal before what cannot be undone. Throws a `UsageError` unless the answer is yes. */
export async function confirm(
  question: string,
  { out, signal }: Pick<OpsContext, 'out' | 'signal'>,
): Promise<void> {
  if (!out.interactive) throw new UsageError('nobody can be asked here: say --yes if you mean it');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('nothing was done');
  } finally {
    terminal.close();
  }
}
