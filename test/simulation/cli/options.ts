import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { optionsOf } from '../../support/cli-options.ts';

export const help = `npm run simulate [-- options]

Plays the platform in simulated worlds: the real domain, command path, sagas, reducers and SQL, with
clocks, network, Stripe and crashes that a seed decides. Stops at the first plan that breaks a promise,
makes it as small as it goes, and tells how to play it again.

  --seeds N      how many plans (default 1000)
  --seed S       the same seed makes the same plans (default: a random one, which is printed)
  --path P       the way from the seed to one plan, as a failure prints it
  --shrink S     how many seconds a failing plan is made smaller (default 60; 0 leaves it as it is)
  --trace        with every task of the failing plan, not only those that tell something
  --json         the report as one line of JSON
  --help         this text

TEST_POSTGRES_URL names a Postgres to use (its own database is made and dropped); otherwise one is
started for the time. Ends with 0 when all held, with 1 when something broke, with 2 when it was
called wrongly.

  npm run simulate -- --seeds 10000
  npm run simulate -- --seed 7 --seeds 50 --json`;

const schema = z.object({
  seeds: z.coerce.number().int().min(1).default(1000),
  seed: z.coerce
    .number()
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .default(() => randomInt(2 ** 31)),
  path: z
    .string()
    .regex(/^\d+(:\d+)*$/, { error: 'expected a path such as 41:0:2' })
    .optional(),
  shrink: z.coerce.number().min(0).default(60),
  trace: z.boolean().default(false),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});
export type Options = z.infer<typeof schema>;

/** The options, or what is wrong with them. */
export const optionsFrom = (argv: readonly string[]): Options | string =>
  optionsOf(
    argv,
    {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      path: { type: 'string' },
      shrink: { type: 'string' },
      trace: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    schema,
  );
