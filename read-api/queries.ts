import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type Access,
  type Caller,
  type Operation,
  publicAccess,
  retryLater,
} from '../platform/http/index.ts';
import type {
  QueryContext,
  QueryDefinition,
  ReadDatabase,
  ReadPrincipal,
} from '../projections/_runtime/query.ts';
import { readMs, type Seen, waitForToken } from './consistency.ts';
import {
  createWaitingRoom,
  defaultWaitingLimits,
  type WaitingLimits,
  type WaitingRoom,
} from './waiting-room.ts';

export type QueryRoutes = {
  readonly queries: readonly QueryDefinition[];
  readonly db: ReadDatabase;
  readonly seen: Seen;
  readonly signTicket: QueryContext['signTicket'];
  readonly waiting?: WaitingLimits;
};

/** Every query, as `GET`. Nothing about a route is said anywhere else. */
export function mountQueries(app: FastifyInstance, routes: QueryRoutes): void {
  const room = createWaitingRoom(routes.waiting ?? defaultWaitingLimits);
  for (const query of routes.queries) mount(app, query, { ...routes, room });
}

type Surroundings = QueryRoutes & { readonly room: WaitingRoom };

function mount(app: FastifyInstance, query: QueryDefinition, around: Surroundings): void {
  const { db, room, seen, signTicket } = around;
  const operation = operationOf(query);
  app.get(
    query.path,
    {
      config: { access: operation.access, operation, rateClass: 'query' },
      schema: {
        operationId: query.name,
        summary: query.summary,
        ...(operation.description === undefined ? {} : { description: operation.description }),
        tags: [query.tag],
        ...(Object.keys(query.params.shape).length === 0 ? {} : { params: query.params }),
        querystring: query.querystring,
        response: { 200: query.reply },
      },
    },
    async (request, reply) => {
      const now = new Date().toISOString();
      const answer = async () => {
        await waitForToken(request, reply, { seen, room, projections: query.projections });
        return query.run(
          { db, principal: principalOf(request.caller), now, signTicket },
          {
            params: request.params as Record<string, unknown>,
            query: request.query as Record<string, unknown>,
          },
        );
      };
      const result = await inTime(answer(), readMs(request));
      linkNext(request, reply, result);
      return result;
    },
  );
}

/** What is late goes on until its own limits, and nobody waits for it any more. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(retryLater('timed-out')), ms);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** RFC 8288: the next page, with the filters of this one. */
function linkNext(request: FastifyRequest, reply: FastifyReply, result: unknown): void {
  if (typeof result !== 'object' || result === null || !('nextCursor' in result)) return;
  const { nextCursor } = result;
  if (typeof nextCursor !== 'string') return;
  const [path = '', search = ''] = request.url.split('?', 2);
  const parameters = new URLSearchParams(search);
  parameters.set('cursor', nextCursor);
  reply.header('Link', `<${path}?${parameters.toString()}>; rel="next"`);
}

function operationOf(query: QueryDefinition): Operation {
  const { permission } = query;
  const access: Access =
    permission.kind === 'roles' ? { kind: 'roles', roles: permission.roles } : publicAccess;
  return {
    name: query.name,
    summary: query.summary,
    ...(query.description === undefined ? {} : { description: query.description }),
    tag: query.tag,
    access,
    status: 200,
    problems: ['invalid-consistency-token', 'not-yet-visible'],
    requestHeaders: ['ConsistencyToken', 'Prefer'],
    responseHeaders: ['ConsistencyToken', ...('cursor' in query.querystring.shape ? ['Link'] : [])],
    example: {
      params: query.example.params,
      query: query.example.querystring,
      reply: query.example.reply,
    },
  };
}

export function principalOf(caller: Caller): ReadPrincipal {
  return caller.kind === 'person'
    ? { kind: 'person', id: caller.id, roles: caller.roles }
    : { kind: 'anonymous' };
}
