import { until } from '../../../embedded/demo/client/wait.ts';
import { query } from '../../../embedded/event-store/_fixtures/harness.ts';
import type { Stage } from './stage.ts';
import { CannotTrace, type Injection, inject } from './strace.ts';

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

/**
 * Tampers with the backend that the node writes with. It may end by itself before strace has got
 * hold of it, when Postgres is just starting anew.
 */
export const injectIntoWriter = async (
  stage: Stage,
  rule: string,
  files: readonly string[] = [],
): Promise<Injection> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inject(await writingBackend(stage), rule, files);
    } catch (error) {
      if (!(error instanceof CannotTrace) || attempt === 20) throw error;
    }
  }
};
