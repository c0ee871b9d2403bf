import type { Program } from '../ops/_cli/verb.ts';
import { exportVerb } from './export.ts';
import { importVerb } from './import.ts';
import { serveVerb } from './serve.ts';
import { userVerb } from './user.ts';
import { common, type NodeContext } from './verb.ts';
import { verifyVerb } from './verify.ts';

/** Everything `npm run event-store` can do, in the order in which help lists it. */
export const eventStore: Program<NodeContext, typeof common> = {
  name: 'event-store',
  command: 'npm run event-store --',
  summary: 'The event store node, and what is done with its log.',
  entries: [serveVerb, verifyVerb, exportVerb, importVerb, userVerb],
  common,
  unavailable: 'Postgres, or an event store, does not answer',
  notes: ['Without a verb it serves: `npm run event-store -- --port 2113 --data DIR`.'],
};

/** Options alone are those of `serve`. */
export const withVerb = (argv: readonly string[]): readonly string[] => {
  const [first] = argv;
  const help = argv.length === 1 && (first === '--help' || first === '-h');
  return first === undefined || (first.startsWith('-') && !help) ? ['serve', ...argv] : argv;
};
