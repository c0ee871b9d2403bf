import { join } from 'node:path';
import { findNatsServer, type NatsServer, NatsServerUnusable } from '../../embedded/nats/index.ts';
import { partsHere, type StartOptions, UsageError } from './options.ts';

export type NatsSearch = {
  /** null: there is none at hand (or none is wanted); the bus is off in this run. */
  readonly server: NatsServer | null;
  /** Fetches one in the background, if one is wanted and there is none: the next start has it. */
  fetchForNextStart(): void;
  /** Gives up a fetch that is under way. */
  stop(): Promise<void>;
};

/**
 * Looks for a nats-server on this machine. Nobody waits for a download: one that has to be fetched
 * is there at the next start.
 */
export async function searchNats(
  { env, dataDir }: StartOptions,
  { notice, log }: { notice: (line: string) => void; log: (line: string) => void },
): Promise<NatsSearch> {
  const giveUp = new AbortController();
  const wanted = partsHere(env).nats;
  const search = { env: { PATH: process.env['PATH'], NATS_SERVER: env.NATS_SERVER }, dataDir, log };
  const server = wanted ? await findNatsServer({ ...search, allowFetch: false }).catch(told) : null;
  let fetching: Promise<void> = Promise.resolve();

  const fetchOne = async (): Promise<void> => {
    const found = await findNatsServer({ ...search, allowFetch: true, signal: giveUp.signal });
    if (giveUp.signal.aborted) return;
    notice(
      found === null
        ? `no nats-server could be had (${join(dataDir, 'logs', 'nats.log')} says why): the relay of events is off. Set NATS_SERVER or NATS_URL`
        : `nats-server ${found.version} is here now: the relay of events is on from the next start`,
    );
  };
  return {
    server,
    fetchForNextStart: () => {
      if (!wanted || server !== null) return;
      fetching = fetchOne().catch((error: unknown) => notice(`nats-server: ${String(error)}`));
    },
    stop: async () => {
      giveUp.abort();
      await fetching;
    },
  };
}

/** A wrong variable is told as the other ones are. */
function told(error: unknown): never {
  throw error instanceof NatsServerUnusable
    ? new UsageError(error.message, { cause: error })
    : error;
}
