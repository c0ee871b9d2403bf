import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { optionsOf } from '../support/cli-options.ts';

export const help = `npm run fuzz:event-store [-- options]

Shoots hostile gRPC, HTTP/2 and TCP at an event store node in a process of its own, on a Postgres of
its own, beside a client that behaves and must not notice.

  --minutes M    how long to shoot (default 10); preparing, settling and looking come on top
  --seed N       the same seed makes the same requests (default: a random one, which is printed)
  --lanes L      shots at once (default 4)
  --stalls S     connections that stall at once (default 1000; 0 leaves them out)
  --json         the report as one line of JSON
  --help         this text

Ends with 0 when nothing was found, with 1 when something was, with 2 when it was called wrongly.

  npm run fuzz:event-store
  npm run fuzz:event-store -- --minutes 1 --seed 7
  npm run fuzz:event-store -- --minutes 60 --json > report.json`;

const count = (fallback: number, least: number) =>
  z.coerce.number().int().min(least).default(fallback);
const schema = z.object({
  minutes: z.coerce
    .number()
    .positive()
    .max(24 * 60)
    .default(10),
  seed: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(() => randomInt(2 ** 31)),
  lanes: count(4, 1),
  stalls: count(1_000, 0),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});
export type Options = z.infer<typeof schema>;

/** The options, or what is wrong with them. */
export const optionsFrom = (argv: readonly string[]): Options | string =>
  optionsOf(
    argv,
    {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      lanes: { type: 'string' },
      stalls: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    schema,
  );
