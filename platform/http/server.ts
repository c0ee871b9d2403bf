import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import underPressure from '@fastify/under-pressure';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type onRequestHookHandler,
} from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { AccessClaims } from '../identity/access-tokens.ts';
import type { Logger } from '../log/index.ts';
import { histogram, renderMetrics } from '../telemetry/index.ts';
import { timeLimits } from '../time-limits.ts';
import { anonymous, authenticate, authorise, publicAccess } from './auth.ts';
import { type DocsSettings, mountDocs } from './docs.ts';
import {
  answerBrokenRequest,
  answerExpectation,
  createErrorMapper,
  type ErrorRule,
  retryLater,
  sendProblem,
} from './errors.ts';
import { limitHandling } from './handling-limit.ts';
import { mountHealth, type ReadinessCheck } from './health.ts';
import { parseJsonBodies } from './json-body.ts';
import { trackMethods } from './methods.ts';
import { type ApiInfo, documentApi } from './openapi.ts';
import type { MatrixRow } from './operation.ts';
import { httpProblems, joinProblems, type ProblemTable } from './problem.ts';
import { mountProblemPages } from './problem-pages.ts';
import { createRateLimiter, PROBES, type RateLimits } from './rate-limit.ts';
import { corsHeaders } from './reference.ts';
import { securityHeaders } from './security-headers.ts';
import { newTraceId, traceIdOf } from './trace.ts';
import { checking, parsing } from './validation.ts';

export type ServerLimits = {
  /** Largest body in bytes. */
  readonly bodyBytes: number;
  /** Deepest nesting of a body. */
  readonly bodyDepth: number;
  /** After this an unanswered request is a 503, in milliseconds. */
  readonly handlerTimeoutMs: number;
  /** How long closing waits for requests in flight, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Mean delay of the event loop in a second from which on requests are turned away. */
  readonly eventLoopDelayMs: number;
};

export const defaultLimits: ServerLimits = {
  bodyBytes: 256 * 1024,
  bodyDepth: 20,
  handlerTimeoutMs: timeLimits.handlerMs,
  closeTimeoutMs: 10_000,
  eventLoopDelayMs: 2500,
};

export type ServerOptions = {
  readonly info: ApiInfo;
  readonly docs: DocsSettings;
  readonly log: Logger;
  readonly readiness: readonly ReadinessCheck[];
  readonly problems: ProblemTable;
  readonly rules: readonly ErrorRule[];
  readonly verify: (accessToken: string) => Promise<AccessClaims>;
  readonly rateLimits: RateLimits;
  /** `parse`: handlers get what the schemas make of the input; `check`: the input as it came. */
  readonly validation: 'parse' | 'check';
  readonly limits?: Partial<ServerLimits>;
  /** Whose `X-Forwarded-For` is believed: addresses or networks of our own proxies. */
  readonly trustProxy?: readonly string[];
};

/**
 * A Fastify server with everything both APIs share. Add routes (each with `config.access`), then
 * `ready()`; who calls it listens. Nothing here is tied to a port or a process.
 */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { log, rateLimits, rules, verify } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const problems = joinProblems(httpProblems, options.problems);
  const logger: FastifyBaseLogger = log;
  const mapError = createErrorMapper(rules);

  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'traceId' }),
    genReqId: (request) => traceIdOf(request.headers.traceparent) ?? newTraceId(),
    trustProxy: options.trustProxy === undefined ? false : [...options.trustProxy],
    bodyLimit: limits.bodyBytes,
    // A request has to arrive within half a minute, its headers within 15 s: slow senders hold sockets.
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    http: { headersTimeout: 15_000, connectionsCheckingInterval: 5000, maxHeaderSize: 16_384 },
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200 },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, request, mapError(error), problems);
    },
  });

  app.server.on('checkExpectation', answerExpectation);
  app.setValidatorCompiler(options.validation === 'parse' ? parsing : checking);
  app.setSerializerCompiler(serializerCompiler);
  parseJsonBodies(app, { depth: limits.bodyDepth });
  app.decorateRequest('caller');
  denyByDefault(app);
  limitHandling(app, limits.handlerTimeoutMs);
  closeInBoundedTime(app, limits.closeTimeoutMs);

  // For pages, which say what they need; answers to programs get the fixed headers below.
  await app.register(helmet, { global: false });
  await app.register(cors, {
    // Any origin may ask: access is by bearer token, which no browser sends on its own.
    origin: '*',
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: corsHeaders.allowed,
    exposedHeaders: corsHeaders.exposed,
    maxAge: 600,
    strictPreflight: false,
  });
  await app.register(underPressure, {
    maxEventLoopDelay: limits.eventLoopDelayMs,
    pressureHandler: async (request) => {
      // Who looks after this process has to see it, above all when it is in trouble.
      if (/^\/(health|metrics)/.test(request.url)) return;
      throw retryLater('overloaded');
    },
  });

  const limiter = createRateLimiter(rateLimits);
  app.addHook(
    'onRequest',
    atOnce((request, reply) => {
      request.caller = anonymous;
      if (!isPage(request)) reply.headers(securityHeaders);
      reply.header('cache-control', 'no-store');
      limiter.perAddress(request, reply);
    }),
  );
  app.addHook('onRequest', authenticate(verify));
  app.addHook(
    'onRequest',
    atOnce((request, reply) => {
      authorise(request);
      limiter.perPerson(request, reply);
    }),
  );
  observe(app, options.info.title);

  const notFound = trackMethods(app);
  app.setNotFoundHandler(notFound);
  app.setErrorHandler((error, request, reply) =>
    sendProblem(reply, request, mapError(error), problems),
  );

  await documentApi(app, options.info, problems);
  mountHealth(app, options.readiness);
  mountProblemPages(app, problems);
  mountDocs(app, options.docs);
  const config = { access: publicAccess };
  const hidden = { config, schema: { hide: true } };
  app.get('/', hidden, (_request, reply) => reply.redirect('/docs'));
  app.get('/openapi.json', hidden, async () => app.swagger());
  const probed = { ...hidden, config: { ...config, rateClass: PROBES } };
  app.get('/metrics', probed, async (_request, reply) => {
    const { contentType, text } = await renderMetrics();
    return reply.type(contentType).send(text);
  });
  return app;
}

/** A hook that waits for nothing; an `async` one costs each request a promise and a turn for it. */
function atOnce(
  look: (request: FastifyRequest, reply: FastifyReply) => void,
): onRequestHookHandler {
  return (request, reply, done) => {
    try {
      look(request, reply);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}

/** Helmet notes what a route asked of it in that route's configuration; an unknown path has none. */
function isPage({ routeOptions: { config } }: FastifyRequest): boolean {
  return config !== undefined && 'helmet' in config;
}

/** A route that does not say who may is a mistake found at the start, not in production. */
function denyByDefault(app: FastifyInstance): void {
  app.addHook('onRoute', ({ config, method, url }) => {
    if (method === 'OPTIONS' || config?.access !== undefined) return;
    throw new TypeError(`${String(method)} ${url} does not say who may use it (config.access)`);
  });
}

/** Closing ends idle connections at once, lets requests in flight finish, and then cuts what is left. */
function closeInBoundedTime(app: FastifyInstance, timeoutMs: number): void {
  let closing = false;
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    closing = true;
    timer = setTimeout(() => app.server.closeAllConnections(), timeoutMs);
  });
  app.addHook('onClose', async () => clearTimeout(timer));
  // Else the connection of a request in flight would stay open, idle, until its keep-alive ends.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('Connection', 'close');
    done();
  });
  app.addHook(
    'onRequest',
    atOnce(() => {
      if (closing) throw retryLater('shutting-down');
    }),
  );
}

/** One line and one measurement a request: the route's pattern, never the URL. */
function observe(app: FastifyInstance, api: string): void {
  const seconds = histogram({
    name: 'pawprint_http_request_seconds',
    help: 'Time from the arrival of a request to the end of its answer',
    labels: ['api', 'method', 'route', 'status'],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? '(none)';
    const status = reply.statusCode;
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    seconds.observe({ api, method: request.method, route, status }, reply.elapsedTime / 1000);
    const level = /^\/(health|metrics|docs)/.test(route) ? 'debug' : 'info';
    request.log[level]({ method: request.method, route, status, ms }, 'request');
    done();
  });
}

/** The permission matrix, read off the routes themselves. Collect before the routes are added. */
export function collectMatrix(app: FastifyInstance): readonly MatrixRow[] {
  const rows: MatrixRow[] = [];
  app.addHook('onRoute', ({ config, method, url }) => {
    const operation = config?.operation;
    if (operation === undefined || method === 'HEAD') return;
    const { access, name } = operation;
    rows.push({
      method: String(method),
      path: url,
      operation: name,
      access: access.kind === 'public' ? 'public' : access.roles,
    });
  });
  return rows;
}
