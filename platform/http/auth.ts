import type { FastifyRequest } from 'fastify';
import type { MemberId } from '../../domain/_kernel/ids.ts';
import { allRoles, type Role } from '../../domain/_kernel/roles.ts';
import type { AccessClaims } from '../identity/access-tokens.ts';
import { HttpProblem } from './problem.ts';

/** Who asks, out of the access token. */
export type Caller =
  | {
      readonly kind: 'person';
      readonly id: MemberId;
      readonly roles: readonly Role[];
      readonly sessionId: string;
      /** Epoch seconds: until when the access token is good. */
      readonly expiresAt: number;
    }
  | { readonly kind: 'anonymous' };

/** Who may. A route without one is not built: deny by default. */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'roles'; readonly roles: readonly Role[] };

export const anonymous: Caller = { kind: 'anonymous' };
export const publicAccess: Access = { kind: 'public' };

type Verify = (token: string) => Promise<AccessClaims>;

const known = new Set<string>(allRoles);
/** A role that this release does not know gives nothing. */
const isRole = (role: string): role is Role => known.has(role);

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i;

/**
 * The access token, before the body is read. No token: anonymous. A token that is not good is
 * refused even where none is needed, so that nobody acts as somebody else than they believe.
 */
export function authenticate(verify: Verify) {
  return async (request: FastifyRequest): Promise<void> => {
    const header = request.headers.authorization;
    if (header === undefined) return;
    const token = BEARER.exec(header)?.[1];
    if (token === undefined)
      throw unauthenticated('Expected `Authorization: Bearer <access token>`.');
    const { memberId, roles, sessionId, expiresAt } = await verify(token);
    request.caller = {
      ...{ kind: 'person', id: memberId, roles: roles.filter(isRole) },
      ...{ sessionId, expiresAt },
    };
  };
}

/** The permission matrix is the table of routes; this is the one place that enforces it. */
export function authorise(request: FastifyRequest): void {
  const { access } = request.routeOptions.config;
  if (access === undefined || access.kind === 'public') return;
  const { caller } = request;
  if (caller.kind === 'anonymous') throw unauthenticated();
  if (!caller.roles.some((role) => access.roles.includes(role))) {
    throw new HttpProblem('forbidden', {
      detail: `This needs one of the roles ${access.roles.join(', ')}.`,
      headers: { 'WWW-Authenticate': 'Bearer realm="pawprint", error="insufficient_scope"' },
    });
  }
}

function unauthenticated(detail?: string): HttpProblem {
  return new HttpProblem('unauthenticated', {
    ...(detail === undefined ? {} : { detail }),
    headers: { 'WWW-Authenticate': 'Bearer realm="pawprint"' },
  });
}
