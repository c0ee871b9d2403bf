import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HttpProblem, retryLater } from '../../platform/http/index.ts';
import { isConnectionError } from '../../platform/postgres/index.ts';
import { counter, gauge, histogram } from '../../platform/telemetry/index.ts';
import type { ChangesHeard } from '../../projections/_runtime/changes-heard.ts';
import type { LiveDefinition, Position } from '../../projections/_runtime/live.ts';
import { NotFoundError } from '../../projections/_runtime/query.ts';
import { waitForToken } from '../consistency.ts';
import { principalOf, type QueryRoutes } from '../queries.ts';
import { createWaitingRoom, defaultWaitingLimits, type WaitingRoom } from '../waiting-room.ts';
import { createReader } from './feed.ts';
import type { End } from './frames.ts';
import { createBell } from './news.ts';
import { operationOf } from './operation.ts';
import { createPlaces, defaultStreamLimits, type StreamLimits } from './places.ts';
import { streamOf } from './stream.ts';

export type LiveRoutes = {
  readonly live: readonly LiveDefinition[];
  readonly changes: Pick<ChangesHeard, 'subscribe' | 'news'>;
  readonly streams?: StreamLimits;
  readonly heartbeatMs?: number;
  /** How long a client may not take what it was given before it is cut, in milliseconds. */
  readonly stallMs?: number;
};

type Routes = QueryRoutes & LiveRoutes;

const HEARTBEAT_MS = 15_000;
const STALL_MS = 60_000;

const open = gauge({
  name: 'pawprint_live_streams',
  help: 'Streams of server-sent events that are open',
  labels: ['stream'],
});
const sent = counter({
  name: 'pawprint_live_messages_total',
  help: 'Snapshots and changes told to those who follow',
  labels: ['stream'],
});
const lag = histogram({
  name: 'pawprint_live_lag_seconds',
  help: 'From hearing that something changed to telling one who follows it',
  labels: ['stream'],
});

/** Every live definition, as a stream of server-sent events. */
export function mountLive(app: FastifyInstance, routes: Routes): void {
  const shared = {
    room: createWaitingRoom(routes.waiting ?? defaultWaitingLimits),
    enter: createPlaces(routes.streams ?? defaultStreamLimits),
    reader: createReader(),
    /** The bells of open streams: closing rings them all. */
    bells: new Set<() => void>(),
    closing: false,
  };
  app.addHook('preClose', async () => {
    shared.closing = true;
    for (const ring of [...shared.bells]) ring();
  });
  for (const definition of routes.live) mount(app, definition, routes, shared);
}

type Shared = {
  readonly room: WaitingRoom;
  readonly enter: (request: FastifyRequest) => () => void;
  readonly reader: ReturnType<typeof createReader>;
  readonly bells: Set<() => void>;
  closing: boolean;
};

function mount(
  app: FastifyInstance,
  definition: LiveDefinition,
  routes: Routes,
  shared: Shared,
): void {
  const { query, name, summary, path, message } = definition;
  const { db, seen, signTicket, changes } = routes;
  const { heartbeatMs = HEARTBEAT_MS, stallMs = STALL_MS } = routes;
  const operation = operationOf(definition);
  app.get(
    path,
    {
      config: { access: operation.access, operation, rateClass: 'query' },
      // Nothing of a stream is said by its headers; a HEAD would hold a place for nothing.
      exposeHeadRoute: false,
      schema: {
        operationId: name,
        summary,
        description: operation.description,
        tags: [query.tag],
        ...(Object.keys(query.params.shape).length === 0 ? {} : { params: query.params }),
        // Strict: what it does not know it refuses, as every query does.
        querystring: z.strictObject({}),
        response: { 200: { content: { 'text/event-stream': { schema: message } } } },
      },
    },
    async (request, reply) => {
      const { caller } = request;
      const params = (request.params ?? {}) as Record<string, unknown>;
      const principal = principalOf(caller);
      const start: Position = { ordinal: lastEventIdOf(request), rewrites: null };
      const leave = shared.enter(request);
      const bell = createBell();
      let heardAt: number | null = null;
      const ring = (): void => {
        heardAt ??= performance.now();
        bell.ring();
      };
      const unsubscribe = changes.subscribe(definition.topics({ params, principal }), ring);
      shared.bells.add(bell.ring);
      const gone = new AbortController();
      const close = (): void => {
        if (gone.signal.aborted) return;
        gone.abort();
        unsubscribe();
        shared.bells.delete(bell.ring);
        leave();
        bell.ring();
      };
      whenClosed(reply.raw, close);

      const read = (position: Position) =>
        shared.reader.read(
          definition,
          { db, principal, now: new Date().toISOString(), signTicket },
          params,
          { position, news: changes.news() },
        );
      const until = caller.kind === 'person' ? caller.expiresAt * 1000 : Number.POSITIVE_INFINITY;
      try {
        await waitForToken(request, reply, {
          seen,
          room: shared.room,
          projections: query.projections,
        });
        const first = await read(start).catch((error: unknown) => {
          throw isColumnMissing(error) ? retryLater('unavailable', { cause: error }) : error;
        });
        open.inc({ stream: name });
        whenClosed(reply.raw, () => open.dec({ stream: name }));
        const frames = streamOf({
          first,
          read,
          news: bell,
          gone: gone.signal,
          heartbeatMs,
          ended: () => {
            if (shared.closing) return 'shutting-down';
            return Date.now() >= until ? 'token-expired' : null;
          },
          left: () => until - Date.now(),
          failed: (error) => verdictOn(error, request),
          handing: (frame) => {
            const late = setTimeout(() => reply.raw.destroy(), stallMs);
            if (frame.subarray(0, 3).toString() === 'id:') {
              sent.inc({ stream: name });
              if (heardAt !== null) {
                lag.observe({ stream: name }, (performance.now() - heardAt) / 1000);
              }
              heardAt = null;
            }
            return () => clearTimeout(late);
          },
        });
        return (
          reply
            .header('Content-Type', 'text/event-stream; charset=utf-8')
            // Nginx would hold events back.
            .header('X-Accel-Buffering', 'no')
            .send(Readable.from(frames))
        );
      } catch (error) {
        close();
        throw error;
      }
    },
  );
}

/**
 * Calls once when the client is gone or has everything; at once when that was before: a place that
 * nobody leaves would be taken for as long as this process lives.
 */
function whenClosed(response: ServerResponse, done: () => void): void {
  if (response.closed) done();
  else response.once('close', done);
}

/** A version of the read model that another release made has no such column until ours is built. */
const isColumnMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '42703';

/** Postgres that is away comes back: the stream waits. A statement that took too long was 57014. */
function verdictOn(error: unknown, request: FastifyRequest): 'later' | End {
  if (error instanceof NotFoundError) return 'not-found';
  const timedOut = error instanceof Error && 'code' in error && error.code === '57014';
  if (isConnectionError(error) || timedOut || isColumnMissing(error)) {
    request.log.warn({ err: error }, 'a stream cannot be read for now');
    return 'later';
  }
  request.log.error({ err: error }, 'a stream ended by a fault');
  return 'internal-error';
}

/** The ordinal to go on after; null: from the start. */
function lastEventIdOf(request: FastifyRequest): number | null {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return null;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  const message = 'expected the id of an event of this stream: up to 15 digits';
  throw new HttpProblem('invalid-input', {
    errors: [{ pointer: '#/header/last-event-id', message }],
  });
}
