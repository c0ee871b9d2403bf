import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { newId } from '../ids.ts';
import { API_VERSION } from '../settings.ts';
import { isUnavailable } from '../store/pool.ts';
import {
  ApiError,
  type ErrorBody,
  internal,
  invalidParameter,
  unavailable,
  unknownUrl,
} from './errors.ts';
import { type Answer, type Deps, execute } from './execute.ts';
import { type Form, parseForm } from './form.ts';
import type { Route } from './route.ts';

/** Mounts the route table: form bodies in, Stripe's JSON and headers out. */
export function createServer(deps: Deps, routes: readonly Route[]): FastifyInstance {
  const app = Fastify({
    logger: false,
    // stripe-node keeps its connections open; a stop must not wait for them.
    forceCloseConnections: true,
    bodyLimit: 1024 * 1024,
    routerOptions: { querystringParser: (text) => ({ text }), maxParamLength: 300 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  allowBrowsers(app);
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path,
      handler: (request, reply) => answer(deps, route, request, reply),
    });
  }
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, unknownUrl(request.method, request.url.split('?')[0] ?? '')),
  );
  app.setErrorHandler(async (error, request, reply) => {
    if (error instanceof ApiError) return sendError(reply, error);
    const status = clientStatus(error);
    if (status !== undefined && error instanceof Error) {
      const body: ErrorBody = { type: 'invalid_request_error', message: error.message };
      return sendError(reply, new ApiError(status, body));
    }
    if (isUnavailable(error)) return sendError(reply, unavailable());
    deps.log('error', 'request failed', {
      url: request.url.split('?')[0],
      error: error instanceof Error ? error.stack : String(error),
    });
    return sendError(reply, internal());
  });
  return app;
}

/** Like Stripe's, the API may be called from any page: what counts is the key. */
function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/v1/')) reply.header('access-control-allow-origin', '*');
  });
  app.options('/v1/*', (_request, reply) =>
    reply
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers':
          'authorization, content-type, idempotency-key, stripe-version',
        'access-control-max-age': '300',
      })
      .status(204)
      .send(),
  );
}

async function answer(
  deps: Deps,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  checkVersion(header(request, 'stripe-version'));
  const { id = '' } = request.params as { id?: string };
  const idempotencyKey = header(request, 'idempotency-key');
  const result = await execute(deps, route, {
    url: request.url.split('?')[0] ?? '',
    id,
    raw: readForm(request),
    authorization: header(request, 'authorization'),
    idempotencyKey,
  });
  return send(reply, result, route.method === 'POST' ? idempotencyKey : undefined);
}

function readForm(request: FastifyRequest): Form {
  const { text = '' } = request.query as { text?: string };
  const type = header(request, 'content-type') ?? '';
  const body = typeof request.body === 'string' ? request.body : '';
  if (body !== '' && !type.startsWith('application/x-www-form-urlencoded')) {
    throw new ApiError(400, {
      type: 'invalid_request_error',
      message: `Invalid request (check that your POST content type is application/x-www-form-urlencoded, not ${type || 'missing'}).`,
    });
  }
  return parseForm([text, body].filter((part) => part !== '').join('&'));
}

/** Answers of another version would differ in shape; better none than wrong ones. */
function checkVersion(version: string | undefined): void {
  if (version === undefined || version === API_VERSION) return;
  throw invalidParameter(
    'Stripe-Version',
    `The sandbox speaks ${API_VERSION} only, not ${version}.`,
  );
}

async function send(
  reply: FastifyReply,
  result: Answer,
  idempotencyKey: string | undefined,
): Promise<FastifyReply> {
  reply.status(result.status).headers({
    'content-type': 'application/json',
    'request-id': result.requestId,
    'stripe-version': API_VERSION,
    'cache-control': 'no-cache, no-store',
  });
  if (idempotencyKey !== undefined) reply.header('idempotency-key', idempotencyKey);
  if (result.originalRequest !== undefined) {
    reply.headers({
      'idempotent-replayed': 'true',
      'original-request': result.originalRequest,
    });
  }
  const retry = shouldRetry(result.status);
  if (retry !== undefined) reply.header('stripe-should-retry', String(retry));
  return reply.send(result.body);
}

/** Conflicts and outages pass; a refusal stays a refusal. */
function shouldRetry(status: number): boolean | undefined {
  if (status < 400) return undefined;
  return status === 409 || status === 429 || status >= 500;
}

function sendError(reply: FastifyReply, { status, error }: ApiError): FastifyReply {
  return reply
    .status(status)
    .header('request-id', newId('req', 14))
    .header('stripe-version', API_VERSION)
    .header('stripe-should-retry', String(shouldRetry(status) ?? false))
    .type('application/json')
    .send(`${JSON.stringify({ error }, null, 2)}\n`);
}

/** Fastify's own refusals (a body too large, say) know their status. */
function clientStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
    ? statusCode
    : undefined;
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
