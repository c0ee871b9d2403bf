import { defineAggregate } from '../_kernel/aggregate.ts';
import { impossible } from '../_kernel/history.ts';
import type { MemberId } from '../_kernel/ids.ts';
import type { Role } from '../_kernel/roles.ts';
import { type MemberEvent, memberEvents } from './events.ts';

export type MemberState =
  | { readonly status: 'none' }
  | {
      readonly status: 'registered';
      readonly memberId: MemberId;
      /** Null once the person was erased, like name and password. */
      readonly email: string | null;
      readonly name: string | null;
      /** The reservation stream that keeps the e-mail address unique. */
      readonly emailReservation: string;
      /** Argon2id in PHC string form; null before it is set. Without it nobody can log in. */
      readonly passwordHash: string | null;
      /** In the order they were granted. */
      readonly roles: readonly Role[];
    };

/** A person with an account. */
export const member = defineAggregate({ events: memberEvents, initial, evolve });

function initial(): MemberState {
  return { status: 'none' };
}

function evolve(state: MemberState, event: MemberEvent): MemberState {
  if (event.type === 'MemberRegistered') {
    if (state.status !== 'none') return impossible(event, state.status);
    return { ...event.data, status: 'registered', passwordHash: null, roles: [] };
  }
  if (state.status === 'none') return impossible(event, state.status);
  switch (event.type) {
    case 'PasswordSet':
      return { ...state, passwordHash: event.data.passwordHash };
    case 'RoleGranted':
      return { ...state, roles: [...state.roles, event.data.role] };
    case 'RoleRevoked':
      return { ...state, roles: state.roles.filter((role) => role !== event.data.role) };
  }
}
