import { ops } from '../index.ts';
import { findInstallation } from './installation.ts';
import { createOutput } from './output.ts';
import { openPlatform } from './platform.ts';
import { endOnSignal, runProgram } from './program.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Runs one command line to its exit code. Says everything there is to say; never throws. */
export async function main(argv: readonly string[], env: Variables): Promise<number> {
  return runProgram(ops, argv, async ({ data, json }, runVerb) => {
    const platform = openPlatform(await findInstallation(env, data));
    try {
      return await runVerb({ platform, out: createOutput({ json }), signal: endOnSignal() });
    } finally {
      await platform.close();
    }
  });
}
