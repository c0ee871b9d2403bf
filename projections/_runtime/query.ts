import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { Role } from '../../domain/_kernel/roles.ts';

export type ReadPrincipal =
  | { readonly kind: 'person'; readonly id: `mem_${string}`; readonly roles: readonly Role[] }
  | { readonly kind: 'anonymous' };

export type ReadPermission =
  | { readonly kind: 'public' }
  | { readonly kind: 'roles'; readonly roles: readonly [Role, ...Role[]] };

export const publicRead: ReadPermission = { kind: 'public' };
export const readRoles = (...list: readonly [Role, ...Role[]]): ReadPermission => ({
  kind: 'roles',
  roles: list,
});

/** The read models by their stable names (views of schema `read`). Queries type what they select. */
// biome-ignore lint/suspicious/noExplicitAny: Kysely's own type of a database whose tables are named at run time
export type ReadDatabase = Kysely<any>;

export type QueryContext = {
  readonly db: ReadDatabase;
  readonly principal: ReadPrincipal;
  /** The moment of the request, an ISO instant. */
  readonly now: string;
  /** Signs the ticket of a confirmed enrollment. */
  readonly signTicket: (ids: {
    readonly ticketId: string;
    readonly enrollmentId: string;
    readonly activityId: string;
    readonly memberId: string;
  }) => string;
};

/** Thrown by a query for what is not there or not the asker's: both answer 404. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** One definition per query; route, OpenAPI, permission matrix and docs are derived from it. */
export type QueryDefinition<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  R extends z.ZodType = z.ZodType,
> = {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly path: string;
  readonly permission: ReadPermission;
  readonly params: P;
  readonly querystring: Q;
  readonly reply: R;
  readonly example: {
    readonly params: z.input<P>;
    readonly querystring: z.input<Q>;
    readonly reply: z.input<R>;
  };
  /** The projections it reads: a `Consistency-Token` waits for these. */
  readonly projections: readonly string[];
  /** Lists give the cursor of the next page here; it becomes `Link: …; rel="next"`. */
  run(
    context: QueryContext,
    input: { readonly params: z.output<P>; readonly query: z.output<Q> },
  ): Promise<z.output<R>>;
};

export function defineQuery<P extends z.ZodObject, Q extends z.ZodObject, R extends z.ZodType>(
  definition: QueryDefinition<P, Q, R>,
): QueryDefinition<P, Q, R> {
  return definition;
}
