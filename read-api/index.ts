import type { FastifyInstance } from 'fastify';
import {
  buildServer,
  collectMatrix,
  type MatrixRow,
  type RateLimits,
  type ReadinessCheck,
  type ServerLimits,
} from '../platform/http/index.ts';
import type { TokenVerifier } from '../platform/identity/index.ts';
import type { Logger } from '../platform/log/index.ts';
import { timeLimits } from '../platform/time-limits.ts';
import { type LiveRoutes, mountLive } from './live/index.ts';
import { readProblems, readRules } from './problems.ts';
import { mountQueries, type QueryRoutes } from './queries.ts';

export type { Seen } from './consistency.ts';

/** Reads are cheap; an address may be a whole office, a till or a dashboard. */
export const defaultReadRateLimits: RateLimits = {
  other: { address: { burst: 2000, perSecond: 100 } },
  query: { address: { burst: 20_000, perSecond: 2000 }, person: { burst: 2000, perSecond: 100 } },
};

/** The net below the limit of each read, for those that ask for the longest wait. */
export const defaultReadLimits = {
  handlerTimeoutMs: timeLimits.tokenMs.most + timeLimits.handlerMs,
};

export type ReadApiOptions = QueryRoutes &
  LiveRoutes & {
    readonly identity: TokenVerifier;
    /** Where clients reach the two APIs. */
    readonly urls: { readonly write: string; readonly read: string };
    readonly readiness: readonly ReadinessCheck[];
    readonly log: Logger;
    readonly version?: string;
    readonly rateLimits?: RateLimits;
    readonly limits?: Partial<ServerLimits>;
    readonly trustProxy?: readonly string[];
  };

export type ReadApi = FastifyInstance & { readonly matrix: readonly MatrixRow[] };

/** The read API, ready to listen. */
export async function buildReadApi(options: ReadApiOptions): Promise<ReadApi> {
  const { identity, log, readiness, urls } = options;
  const app = await buildServer({
    info: {
      title: 'Pawprint read API',
      description:
        'Everything that can be asked. Answers come from read models, which follow the log by milliseconds; send the `Consistency-Token` of a write to be sure to see it.',
      version: options.version ?? '0.1.0',
      publicUrl: urls.read,
    },
    docs: {
      title: 'Read API',
      loginUrl: urls.write,
      peer: { title: 'Write API', url: new URL('/docs', urls.write).href },
    },
    log,
    readiness,
    problems: readProblems,
    rules: readRules,
    verify: identity.verify,
    rateLimits: options.rateLimits ?? defaultReadRateLimits,
    validation: 'parse',
    limits: { ...defaultReadLimits, ...options.limits },
    ...(options.trustProxy === undefined ? {} : { trustProxy: options.trustProxy }),
  });
  const matrix = collectMatrix(app);
  mountQueries(app, options);
  mountLive(app, options);
  await app.ready();
  return Object.assign(app, { matrix });
}
