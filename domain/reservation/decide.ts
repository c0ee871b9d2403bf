import { type Decision, rejected } from '../_kernel/rejection.ts';
import type { ReservationEvent, ReservationKind } from './events.ts';
import type { ReservationState } from './state.ts';

type Decided = Decision<ReservationEvent>;

export type Reserve = {
  readonly kind: ReservationKind;
  readonly ownerId: string;
  /** A look-up found that the present owner never finished registering, long ago. */
  readonly staleOwner: boolean;
};

/** The owner is not named in a refusal: who has an address is nobody's business. */
export function reserve(state: ReservationState, { kind, ownerId, staleOwner }: Reserve): Decided {
  const made: ReservationEvent = { type: 'ReservationMade', data: { kind, ownerId } };
  switch (state.status) {
    case 'free':
      return [made];
    case 'taken':
      if (state.owner === ownerId) return [];
      if (!staleOwner) return rejected('taken', 'Somebody else has this already.', { kind });
      return [{ type: 'ReservationReleased', data: { kind, ownerId: state.owner } }, made];
  }
}

export type Release = { readonly kind: ReservationKind; readonly ownerId: string };

/** Giving back what is not (or no longer) one's own is nothing to do: a repeat must not hurt. */
export function release(state: ReservationState, { kind, ownerId }: Release): Decided {
  switch (state.status) {
    case 'free':
      return [];
    case 'taken':
      if (state.owner !== ownerId) return [];
      return [{ type: 'ReservationReleased', data: { kind, ownerId } }];
  }
}
