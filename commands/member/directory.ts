import { fold, streamOf } from '../../domain/_kernel/aggregate.ts';
import type { MemberId } from '../../domain/_kernel/ids.ts';
import type { Role } from '../../domain/_kernel/roles.ts';
import type { MemberEvent } from '../../domain/member/events.ts';
import { type MemberState, member } from '../../domain/member/state.ts';
import type { ReservationEvent } from '../../domain/reservation/events.ts';
import { reservation } from '../../domain/reservation/state.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import type { CommandPorts } from '../_runtime/ports.ts';
import { emailReservationId } from './register-member.ts';

export type MemberCredentials = {
  readonly memberId: MemberId;
  readonly passwordHash: string | null;
  readonly roles: readonly Role[];
};

/**
 * Who may log in, straight from the log: an account works from the moment it was registered, without
 * waiting for a projection.
 */
export function createMemberDirectory(options: {
  eventStore: EventStore;
  secrets: CommandPorts['secrets'];
}) {
  const { eventStore, secrets } = options;

  const memberOf = async (memberId: string): Promise<MemberState> => {
    const history = await eventStore.readStream(streamOf(member, memberId));
    return fold(member, history as readonly MemberEvent[]);
  };

  return {
    findCredentials: async (email: string): Promise<MemberCredentials | null> => {
      const reserved = await eventStore.readStream(
        streamOf(reservation, emailReservationId(secrets, email)),
      );
      const { owner } = fold(reservation, reserved as readonly ReservationEvent[]);
      if (owner === null) return null;
      const state = await memberOf(owner);
      if (state.status !== 'registered') return null;
      const { memberId, passwordHash, roles } = state;
      return { memberId, passwordHash, roles };
    },
    rolesOf: async (memberId: MemberId): Promise<readonly Role[] | null> => {
      const state = await memberOf(memberId);
      return state.status === 'registered' ? state.roles : null;
    },
  };
}
