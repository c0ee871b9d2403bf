import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidTokenError } from '../identity/access-tokens.ts';
import { TooManyAttemptsError } from '../identity/identity.ts';
import { WorkQueueFullError } from '../identity/work-queue.ts';
import { isConnectionError } from '../postgres/index.ts';
import {
  HttpProblem,
  httpProblems,
  PROBLEM_MEDIA_TYPE,
  type ProblemTable,
  problemDocument,
} from './problem.ts';
import { newTraceId } from './trace.ts';
import { fieldErrors, SchemaMismatchError } from './validation.ts';

/** The problem an error becomes; undefined for an error it does not know. The first that knows wins. */
export type ErrorRule = (error: unknown) => HttpProblem | undefined;

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** By class: the usual rule. */
export function on<E extends Error>(
  type: ErrorClass<E>,
  toProblem: (error: E) => HttpProblem,
): ErrorRule {
  return (error) => (error instanceof type ? toProblem(error) : undefined);
}

/** By name, for errors of adapters that an API does not import. */
export function named(
  names: readonly string[],
  toProblem: (error: Error) => HttpProblem,
): ErrorRule {
  return (error) =>
    error instanceof Error && names.includes(error.name) ? toProblem(error) : undefined;
}

const RETRY = { 'Retry-After': '1' };
export const retryLater = (code: string, details: { cause?: unknown; detail?: string } = {}) =>
  new HttpProblem(code, { ...details, headers: RETRY });

/** Fastify's own errors by their code. What is missing here is a 500: a fault of ours. */
const fastifyErrors: Readonly<Record<string, (error: Error) => HttpProblem>> = {
  FST_ERR_BAD_URL: () => new HttpProblem('malformed-request'),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new HttpProblem('body-too-large'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => new HttpProblem('malformed-json'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => new HttpProblem('malformed-request'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => new HttpProblem('malformed-json'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new HttpProblem('unsupported-media-type'),
  FST_ERR_MAX_PARAM_LENGTH: () => new HttpProblem('uri-too-long'),
  FST_UNDER_PRESSURE: (cause) => retryLater('overloaded', { cause }),
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** A path that is no id of ours cannot lead to anything: 404, with the reason beside it. */
function mismatch(error: SchemaMismatchError): HttpProblem {
  const part = error.validationContext ?? 'body';
  const errors = fieldErrors(error.issues, part);
  return new HttpProblem(part === 'params' ? 'not-found' : 'invalid-input', { errors });
}

/** What both APIs answer alike. Each API puts rules of its own before these. */
export const commonRules: readonly ErrorRule[] = [
  on(HttpProblem, (problem) => problem),
  on(SchemaMismatchError, mismatch),
  on(
    InvalidTokenError,
    (error) =>
      new HttpProblem('invalid-token', {
        detail: error.message,
        headers: {
          'WWW-Authenticate': `Bearer realm="pawprint", error="invalid_token", error_description="${error.message}"`,
        },
      }),
  ),
  on(
    TooManyAttemptsError,
    (error) =>
      new HttpProblem('rate-limited', {
        detail: error.message,
        headers: { 'Retry-After': String(error.retryAfterSeconds) },
      }),
  ),
  on(WorkQueueFullError, (cause) => retryLater('overloaded', { cause })),
  (error) => (error instanceof Error ? fastifyErrors[codeOf(error)]?.(error) : undefined),
  // Postgres ends a statement that runs longer than its limit with 57014.
  (cause) => (codeOf(cause) === '57014' ? retryLater('timed-out', { cause }) : undefined),
  (cause) => (isConnectionError(cause) ? retryLater('unavailable', { cause }) : undefined),
];

/**
 * The rules given come before the common ones; an error that none knows is a 500 that says nothing.
 */
export function createErrorMapper(rules: readonly ErrorRule[]): (error: unknown) => HttpProblem {
  const all = [...rules, ...commonRules];
  return (error) => {
    for (const rule of all) {
      const problem = rule(error);
      if (problem !== undefined) return problem;
    }
    return new HttpProblem('internal-error', { cause: error });
  };
}

/** Set for an answer that then could not be given. */
const SUCCESS_HEADERS = ['ETag', 'Consistency-Token', 'Idempotency-Hit', 'Location', 'Link'];

/** Sends the document as a string: it needs no serializer of the route that failed. */
export function sendProblem(
  reply: FastifyReply,
  request: FastifyRequest,
  problem: HttpProblem,
  table: ProblemTable,
): FastifyReply {
  const instance = pathOf(request);
  const document = problemDocument(problem, table, { instance, traceId: request.id });
  const cause = problem.details.cause;
  if (document.status >= 500) {
    const level = document.status === 500 ? 'error' : 'warn';
    request.log[level]({ err: cause ?? problem, problem: document.code }, 'a request failed');
  }
  for (const name of SUCCESS_HEADERS) reply.removeHeader(name);
  if (problem.details.headers !== undefined) reply.headers(problem.details.headers);
  return reply.code(document.status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(document));
}

/** Without the query string; an URL that cannot be decoded is no one's instance. */
function pathOf(request: FastifyRequest): string {
  const path = request.url.split('?', 1)[0] ?? '/';
  return path.length > 500 ? `${path.slice(0, 500)}…` : path;
}

const socketProblems: Readonly<Record<string, keyof typeof httpProblems>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
};

/** The answer to what never became a request of ours: its connection is closed. */
function bareAnswer(code: keyof typeof httpProblems) {
  const problem = new HttpProblem(code);
  const document = problemDocument(problem, httpProblems, { instance: '/', traceId: newTraceId() });
  const body = JSON.stringify(document);
  const headers = {
    'Content-Type': PROBLEM_MEDIA_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  return { status: document.status, headers, body };
}

/** Node answers an unknown `Expect` (RFC 9110 §10.1.1) before there is a request, and without a body. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { status, headers, body } = bareAnswer('expectation-failed');
  response.writeHead(status, headers).end(body);
}

/** What never became a request: answered on the bare socket, which is then closed. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer = bareAnswer(socketProblems[error.code ?? ''] ?? 'malformed-request');
  const { status, headers, body } = answer;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
