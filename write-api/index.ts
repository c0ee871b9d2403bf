import type { FastifyInstance } from 'fastify';
import type { CommandBus, CommandDefinition } from '../commands/_runtime/index.ts';
import {
  buildServer,
  collectMatrix,
  type MatrixRow,
  publicAccess,
  type RateLimits,
  type ReadinessCheck,
  type ServerLimits,
} from '../platform/http/index.ts';
import type { Identity } from '../platform/identity/index.ts';
import type { Logger } from '../platform/log/index.ts';
import { timeLimits } from '../platform/time-limits.ts';
import { mountCommands } from './commands.ts';
import { writeProblems, writeRules } from './problems.ts';
import { mountSessions } from './sessions.ts';
import { mountStripeWebhook, type StripeEvent, type StripeWebhooks } from './webhooks.ts';

export type { StripeEvent, StripeWebhooks } from './webhooks.ts';

/**
 * Defaults by class of route. An address may be a whole office or a load test, so the burst is wide;
 * a person is one. `open` is what anybody may send (registering), which costs a password hash each;
 * `other` are pages, the reference and paths that are not there.
 */
export const defaultWriteRateLimits: RateLimits = {
  command: { address: { burst: 5000, perSecond: 500 }, person: { burst: 300, perSecond: 10 } },
  open: { address: { burst: 2000, perSecond: 10 } },
  session: { address: { burst: 2000, perSecond: 20 } },
  webhook: { address: { burst: 20_000, perSecond: 2000 } },
  other: { address: { burst: 2000, perSecond: 100 } },
};

/** Commands end at their deadline with a precise answer; the handler's time-out is the net below. */
export const defaultWriteLimits = {
  handlerTimeoutMs: timeLimits.handlerMs,
  commandDeadlineMs: timeLimits.commandMs,
};

export type WriteApiOptions<Event extends StripeEvent = StripeEvent> = {
  readonly bus: Pick<CommandBus, 'execute'>;
  readonly commands: readonly CommandDefinition[];
  readonly identity: Identity;
  readonly stripe: StripeWebhooks<Event>;
  /** Where clients reach the two APIs. */
  readonly urls: { readonly write: string; readonly read: string };
  /** Paths of the read API's queries, for `Location`. */
  readonly readPaths: readonly string[];
  readonly readiness: readonly ReadinessCheck[];
  readonly log: Logger;
  readonly version?: string;
  readonly rateLimits?: RateLimits;
  readonly limits?: Partial<ServerLimits & { readonly commandDeadlineMs: number }>;
  readonly trustProxy?: readonly string[];
};

export type WriteApi = FastifyInstance & { readonly matrix: readonly MatrixRow[] };

/** The write API, ready to listen. */
export async function buildWriteApi<Event extends StripeEvent>(
  options: WriteApiOptions<Event>,
): Promise<WriteApi> {
  const { bus, commands, identity, log, readiness, readPaths, urls } = options;
  const limits = { ...defaultWriteLimits, ...options.limits };
  const app = await buildServer({
    info: {
      title: 'Pawprint write API',
      description:
        'Everything that changes something. Each `POST` is one command with an `Idempotency-Key`; what it changed is read from the read API with the `Consistency-Token` of the answer.',
      version: options.version ?? '0.1.0',
      publicUrl: urls.write,
    },
    docs: {
      title: 'Write API',
      loginUrl: urls.write,
      peer: { title: 'Read API', url: new URL('/docs', urls.read).href },
    },
    log,
    readiness,
    problems: writeProblems,
    rules: writeRules,
    verify: identity.verify,
    rateLimits: options.rateLimits ?? defaultWriteRateLimits,
    validation: 'check',
    limits,
    ...(options.trustProxy === undefined ? {} : { trustProxy: options.trustProxy }),
  });
  const matrix = collectMatrix(app);
  const { commandDeadlineMs: deadlineMs } = limits;
  mountCommands(app, { bus, commands, readPaths, readUrl: urls.read, deadlineMs });
  mountSessions(app, identity);
  await mountStripeWebhook(app, options.stripe);
  app.get(
    '/.well-known/jwks.json',
    { config: { access: publicAccess }, schema: { hide: true } },
    async (_request, reply) =>
      reply.header('Cache-Control', 'public, max-age=300').send(identity.jwks),
  );
  await app.ready();
  return Object.assign(app, { matrix });
}
