import type { MemberId } from '../_kernel/ids.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { Role } from '../_kernel/roles.ts';
import type { MemberEvent } from './events.ts';
import type { MemberState } from './state.ts';

type Decided = Decision<MemberEvent>;

export type RegisterMember = {
  readonly memberId: MemberId;
  readonly email: string;
  readonly name: string;
  /** The reservation stream that was written for this member before. */
  readonly emailReservation: string;
  readonly passwordHash: string;
  /** Roles beside `member`, which everybody has. */
  readonly roles: readonly Role[];
};

export function registerMember(state: MemberState, input: RegisterMember): Decided {
  switch (state.status) {
    case 'none': {
      const { memberId, email, name, emailReservation, passwordHash } = input;
      const roles = new Set<Role>(['member', ...input.roles]);
      return [
        { type: 'MemberRegistered', data: { memberId, email, name, emailReservation } },
        { type: 'PasswordSet', data: { memberId, passwordHash } },
        ...Array.from(roles, (role) => granted(memberId, role)),
      ];
    }
    case 'registered':
      return rejected('already-registered', 'This member has an account already.');
  }
}

export type GrantRole = { readonly role: Role };

export function grantRole(state: MemberState, { role }: GrantRole): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'registered':
      return state.roles.includes(role) ? [] : [granted(state.memberId, role)];
  }
}

export type RevokeRole = { readonly role: Role };

export function revokeRole(state: MemberState, { role }: RevokeRole): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'registered': {
      const { memberId, roles } = state;
      return roles.includes(role) ? [{ type: 'RoleRevoked', data: { memberId, role } }] : [];
    }
  }
}

function granted(memberId: MemberId, role: Role): MemberEvent {
  return { type: 'RoleGranted', data: { memberId, role } };
}

function notFound(): Rejection {
  return rejected('not-found', 'There is no such member.');
}
