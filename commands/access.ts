import { type Rejection, rejected } from '../domain/_kernel/rejection.ts';
import { CommandRefused } from './_runtime/errors.ts';
import type { Principal } from './_runtime/index.ts';

/** The person behind a request. Permissions keep others out of commands that ask this. */
export function personOf(principal: Principal): Extract<Principal, { kind: 'person' }> {
  if (principal.kind === 'person') return principal;
  throw new TypeError(`a person was expected, not ${principal.kind}`);
}

/** Staff and administrators act for members; everybody else only for themselves. */
export function isStaff(principal: Principal): boolean {
  return (
    principal.kind !== 'anonymous' &&
    (principal.kind !== 'person' ||
      principal.roles.some((role) => role === 'staff' || role === 'admin'))
  );
}

/** Whether a thing of this owner exists for the one who asks. Foreign things answer as if missing. */
export function mayTouch(principal: Principal, ownerId: string): boolean {
  return isStaff(principal) || (principal.kind === 'person' && principal.id === ownerId);
}

/** What is not there and what is not theirs: the two answer alike. */
export function notFound(what: string): Rejection {
  return rejected('not-found', `There is no such ${what}.`);
}

/** For look-ups: ends the command with a refusal. */
export function refuse(rejection: Rejection): never {
  throw new CommandRefused(rejection);
}
