import { z } from 'zod';
import type { Damage } from '../../embedded/event-store/verify/index.ts';
import { plain } from '../ops/_cli/output.ts';
import { UnavailableError } from '../ops/_cli/unavailable.ts';
import { type ExitCode, exits } from '../ops/_cli/verb.ts';
import { counted, createProgress, remaining } from './progress.ts';
import { storageOf, storageOptions, storageToRead } from './storage.ts';
import { defineNodeVerb, type NodeRun } from './verb.ts';

const input = z.strictObject(storageOptions);

/** As JSON; what does not fit into a double is text. */
const documentOf = ({ kind, stream, revision, position, problem }: Damage) => ({
  ...{ type: 'damage', kind, stream },
  revision: revision === null ? null : String(revision),
  position: String(position),
  problem,
});

const nameOf = ({ stream, revision, position }: Damage): string =>
  stream === null
    ? `position ${position}`
    : `event ${revision} of ${plain(stream)} (position ${position})`;

async function verify({
  input: asked,
  out,
  signal,
  env,
}: NodeRun<typeof input>): Promise<ExitCode> {
  const { NoLogError, verifyLog } = await import('../../embedded/event-store/verify/index.ts');
  const storage = await storageToRead(storageOf(asked, env), () => undefined);
  const show = createProgress(out);
  const began = performance.now();
  try {
    const verdict = await verifyLog({
      databaseUrl: storage.url,
      signal,
      onDamage: (damage) =>
        out.record(documentOf(damage), () => [
          `${out.paint('red', damage.kind)}  ${nameOf(damage)}: ${plain(damage.problem)}`,
        ]),
      onProgress: ({ step, events, of }) =>
        show(() => {
          const rest = remaining(events, of, performance.now() - began);
          return `${step}: ${counted(events)} of ${counted(of)} events, ${rest} left`;
        }),
    });
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    const { damages, events, streams, metastreams, head } = verdict;
    const whole = damages === 0;
    out.record({ type: 'verdict', whole, ...verdict, head: String(head), seconds }, () => [
      `${counted(events)} events in ${counted(streams)} streams (${counted(metastreams)} of them metadata), up to position ${head}, ${seconds} s`,
      whole ? out.paint('green', 'the log is whole') : out.paint('red', `${damages} damages`),
    ]);
    return whole ? exits.well : exits.finding;
  } catch (error) {
    if (error instanceof NoLogError) throw new UnavailableError(error.message, { cause: error });
    throw error;
  } finally {
    await storage.stop();
  }
}

export const verifyVerb = defineNodeVerb({
  name: 'verify',
  summary: 'Walk the whole log and name every event that is damaged',
  description: `Checksums, positions without a hole, revisions of every stream without one and in order. The
node may run meanwhile; the log is read as it was at the start. With --json a line of JSON per damage,
and one for the verdict. An event that was removed from the very end leaves no trace: compare the
last position with one that was noted elsewhere, as in an export.`,
  input,
  positional: [],
  finding: 'the log is damaged; each damage is named',
  examples: [
    { line: 'npm run event-store -- verify --data .data', does: 'the log of `npm start`' },
    {
      line: 'npm run -s event-store -- verify --database-url postgresql://localhost/events --json',
      does: '{ type: "damage", kind, stream, revision, position, problem }, { type: "verdict", whole, … }',
    },
  ],
  run: verify,
});
