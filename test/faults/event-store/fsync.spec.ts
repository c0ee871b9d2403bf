import { expect, test } from 'vitest';
import { until } from '../../../embedded/demo/client/wait.ts';
import { query } from '../../../embedded/event-store/_fixtures/harness.ts';
import { rounds, seed } from './rounds.ts';
import { type Stage, said, underLoad } from './stage.ts';
import { CannotTrace, type Injection, inject, whyNoTracing } from './strace.ts';

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

const writingBackend = async ({ cluster }: Stage): Promise<number> => {
  const ask = () =>
    query<{ pid: number }>(
      cluster.databaseUrl,
      `select pid from pg_stat_activity where application_name like 'event-store writer%'`,
      // Postgres is starting again after the round before.
    ).catch((): { pid: number }[] => []);
  const [backend] = await until('a writing session', ask, (found) => found.length === 1, 30_000);
  if (backend === undefined) throw new Error('there is no writing session');
  return backend.pid;
};

/** The session may end by itself before strace has got hold of it: Postgres is just starting anew. */
const injectIntoWriter = async (stage: Stage, rule: string): Promise<Injection> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inject(await writingBackend(stage), rule);
    } catch (error) {
      if (!(error instanceof CannotTrace) || attempt === 20) throw error;
    }
  }
};

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
