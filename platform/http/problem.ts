/**
 * Problem details (RFC 9457). A code is stable and documented: `type` is `/problems/<code>`, a page
 * that the API itself serves out of the same table the OpenAPI document is made of.
 */
export type ProblemKind = {
  readonly status: number;
  readonly title: string;
  readonly description: string;
};

export type ProblemTable = Readonly<Record<string, ProblemKind>>;

/** One field of the request that is wrong. `pointer` is a JSON Pointer as a URI fragment (RFC 6901 §6). */
export type FieldError = { readonly pointer: string; readonly message: string };

export type ProblemDetails = {
  /** What is wrong with this request; the kind's description where it says enough. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Facts a client can act on; they become members of the document. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** For codes that stand in no table. */
  readonly kind?: ProblemKind;
  readonly cause?: unknown;
};

/** A failure that has its answer: thrown anywhere in a request, sent by the error handler. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly problem: string;
  readonly details: ProblemDetails;
  constructor(problem: string, details: ProblemDetails = {}) {
    super(details.detail ?? problem, 'cause' in details ? { cause: details.cause } : undefined);
    this.problem = problem;
    this.details = details;
  }
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

const internal: ProblemKind = {
  status: 500,
  title: 'Internal error',
  description: 'Something failed on our side. Quote the `traceId` to support.',
};

/** What every HTTP API of the platform may answer, whatever the operation. */
export const httpProblems = {
  'malformed-request': {
    status: 400,
    title: 'Malformed request',
    description: 'The request is not well-formed HTTP, or its URL is not well-formed.',
  },
  'malformed-json': {
    status: 400,
    title: 'Malformed JSON',
    description: 'The body is not well-formed JSON in UTF-8.',
  },
  'forbidden-key': {
    status: 400,
    title: 'Forbidden key',
    description:
      'The body has a key that is never accepted: `__proto__` or `constructor.prototype`.',
  },
  'nesting-too-deep': {
    status: 400,
    title: 'Nesting too deep',
    description: 'The body nests arrays and objects deeper than anything here needs.',
  },
  'invalid-input': {
    status: 400,
    title: 'Invalid input',
    description:
      'The input does not fit the schema; `errors` names each field and what was expected.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    description: 'The operation needs an access token: `Authorization: Bearer …`.',
  },
  'invalid-token': {
    status: 401,
    title: 'Invalid token',
    description:
      'The access token is not valid or has expired. Refresh the session, then try again.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    description: 'None of your roles may do this.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    description: 'It does not exist, or it is not yours.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    description: 'The resource exists but does not know this method; `Allow` lists those it knows.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request time-out',
    description: 'The request did not arrive completely in time.',
  },
  'body-too-large': {
    status: 413,
    title: 'Body too large',
    description: 'The body is larger than this operation accepts.',
  },
  'uri-too-long': {
    status: 414,
    title: 'URI too long',
    description: 'A part of the path is longer than any that exists.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    description: 'Bodies are sent as `application/json`.',
  },
  'expectation-failed': {
    status: 417,
    title: 'Expectation failed',
    description: 'Of `Expect` only `100-continue` is known.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    description:
      'The limit named in `RateLimit-Policy` is used up; `Retry-After` says when to go on.',
  },
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    description: 'The request headers are larger than 16 KiB.',
  },
  'internal-error': internal,
  overloaded: {
    status: 503,
    title: 'Overloaded',
    description: 'More is asked than can be answered in time. Nothing was done; try again later.',
  },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    description: 'A part of the platform cannot be reached. Try again later.',
  },
  'timed-out': {
    status: 503,
    title: 'Timed out',
    description:
      'The answer was not ready in time. Send the same request again, with the same key.',
  },
  'shutting-down': {
    status: 503,
    title: 'Shutting down',
    description: 'This process ends. Nothing was done; try again at once.',
  },
} as const satisfies ProblemTable;

/** Joins tables. A code means one thing: two meanings with different statuses are refused. */
export function joinProblems(...tables: readonly ProblemTable[]): ProblemTable {
  const joined: Record<string, ProblemKind> = {};
  for (const [code, kind] of tables.flatMap((table) => Object.entries(table))) {
    const before = joined[code];
    if (before !== undefined && before.status !== kind.status) {
      throw new TypeError(
        `the problem ${code} is ${before.status} in one table, ${kind.status} in another`,
      );
    }
    joined[code] = kind;
  }
  return joined;
}

export type ProblemDocument = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly instance: string;
  readonly traceId: string;
  readonly errors?: readonly FieldError[];
  readonly [fact: string]: unknown;
};

/** The document. Facts come first, so that none of them can stand in for a member of the standard. */
export function problemDocument(
  problem: HttpProblem,
  table: ProblemTable,
  request: { readonly instance: string; readonly traceId: string },
): ProblemDocument {
  const { problem: code, details } = problem;
  const kind = details.kind ?? table[code];
  if (kind === undefined) throw new TypeError(`the problem ${code} stands in no table`);
  const errors = details.errors ?? [];
  return {
    ...details.facts,
    type: `/problems/${code}`,
    title: kind.title,
    status: kind.status,
    code,
    detail: details.detail ?? kind.description,
    instance: request.instance,
    traceId: request.traceId,
    ...(errors.length === 0 ? {} : { errors }),
  };
}
