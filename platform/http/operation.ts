import type { Access, Caller } from './auth.ts';

/** Everything the API reference says about a route that its schemas do not say. */
export type Operation = {
  /** Unique; the `operationId`. */
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly access: Access;
  readonly status: number;
  /** The answer is a stream of server-sent events; its schema and example are of their `data`. */
  readonly stream?: boolean;
  /** Codes beyond those that every operation may answer. */
  readonly problems: readonly string[];
  /** Names out of `requestHeaders` and `responseHeaders` of the reference. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly example: {
    readonly params?: unknown;
    readonly query?: unknown;
    readonly body?: unknown;
    readonly reply?: unknown;
  };
};

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** Who may; a route without it is not built. */
    access?: Access;
    operation?: Operation;
    /** Which of the server's rate limits counts the route's requests. */
    rateClass?: string;
  }
}

/** One line of the permission matrix. */
export type MatrixRow = {
  readonly method: string;
  readonly path: string;
  readonly operation: string;
  readonly access: 'public' | readonly string[];
};
