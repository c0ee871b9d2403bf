import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { optionsOf } from '../support/cli-options.ts';

export const help = `npm run test:planted [-- options]

Plants one bug after the other in a copy of this tree, and runs the spec that has to be red with it,
with the words that are said to show it.

  --only NAME        this bug alone; may be given several times
  --property NAME    the bugs against this property alone; may be given several times
  --spec TEXT        the bugs of specs whose path has this in it; may be given several times
  --list             show the bugs and run nothing
  --stale            say which bugs do not fit the tree any more, and run nothing
  --lanes N          specs at once (default: two a core, at most 4: most of the time they wait)
  --table FILE       the bugs of another file (it exports \`bugs\`)
  --root DIR         another tree
  --json             the outcome as JSON
  --help             this text

Ends with 0 when every bug was seen, with 1 when one was not, with 2 when it was called wrongly.

  npm run test:planted -- --only decides-on-a-stale-tail
  npm run test:planted -- --property saga --json`;

const names = z.array(z.string()).default([]);
const schema = z.object({
  only: names,
  property: names,
  spec: names,
  list: z.boolean().default(false),
  stale: z.boolean().default(false),
  lanes: z.coerce
    .number()
    .int()
    .min(1)
    .max(8)
    .default(() => Math.min(4, 2 * availableParallelism())),
  table: z.string().optional(),
  root: z.string().default(() => fileURLToPath(new URL('../..', import.meta.url))),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});
export type Options = z.infer<typeof schema>;

/** The options, or what is wrong with them. */
export const optionsFrom = (argv: readonly string[]): Options | string =>
  optionsOf(
    argv,
    {
      only: { type: 'string', multiple: true },
      property: { type: 'string', multiple: true },
      spec: { type: 'string', multiple: true },
      list: { type: 'boolean' },
      stale: { type: 'boolean' },
      lanes: { type: 'string' },
      table: { type: 'string' },
      root: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    schema,
  );
