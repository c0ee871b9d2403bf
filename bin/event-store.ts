/**
 * `npm run event-store`: the event store node as a process of its own, and the verbs that look after
 * its log. `event-store/index.ts` says which there are.
 *
 * Over IPC it reports `{ type: 'ready', url, port }` and ends when the channel closes, so that it
 * never outlives whoever started it.
 */
import { enableCompileCache } from 'node:module';

// Before the big imports, which therefore come later and dynamically.
enableCompileCache();

const [{ eventStore, withVerb }, { createOutput }, { endOnSignal, runProgram }] = await Promise.all(
  [
    import('./event-store/index.ts'),
    import('./ops/_cli/output.ts'),
    import('./ops/_cli/program.ts'),
  ],
);
const env = process.env;
const code = await runProgram(eventStore, withVerb(process.argv.slice(2)), ({ json }, runVerb) =>
  runVerb({ env, out: createOutput({ json }), signal: endOnSignal() }),
);
process.exit(code);
