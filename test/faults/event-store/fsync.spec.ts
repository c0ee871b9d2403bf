import { expect, test } from 'vitest';
import { rounds, seed } from './rounds.ts';
import { said, underLoad } from './stage.ts';
import { whyNoTracing } from './strace.ts';
import { injectIntoWriter } from './writing-backend.ts';

/** Which of its flushes the writing backend does not come back from, counted from now on. */
const NTH = [1, 2, 3, 5, 8, 13, 21, 34].slice(0, rounds(2));

/**
 * Postgres flushes the log with fdatasync by default (`wal_sync_method`), and the backend that
 * commits does it itself. At the entry of the call the commit is written but not yet flushed: it may
 * be there afterwards or not, and nobody was told.
 */
const FLUSH = 'fsync,fdatasync';
const ways = [
  ['the backend is killed', 'signal=KILL', false],
  ['the backend and the node are killed', 'signal=KILL', true],
  // Postgres panics: it must not believe a second fsync after one that failed.
  ['the disk says it failed', 'error=EIO', false],
] as const;

for (const [what, fault, andNode] of ways) {
  test(`at the Nth fsync ${what}: nothing lost, nothing twice`, async (context) => {
    const reason = await whyNoTracing();
    if (reason !== undefined) context.skip(reason);
    const { node } = await underLoad({ writers: 16, seed }, async (stage) => {
      for (const nth of NTH) {
        await stage.node.connections();
        await stage.writers.more(1);
        const injection = await injectIntoWriter(stage, `${FLUSH}:${fault}:when=${nth}`);
        await injection.over;
        if (andNode) stage.node.kill();
      }
    });
    if (andNode) return;
    // A node that lives has noticed each, and found commits in the log that it had no answer to.
    expect(said(node, 'session to Postgres broke')).toBeGreaterThanOrEqual(NTH.length);
    expect(said(node, 'in doubt is in the log')).toBeGreaterThan(0);
  }, 120_000);
}
