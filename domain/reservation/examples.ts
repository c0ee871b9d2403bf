import { defineExamples } from '../_kernel/examples.ts';
import { release, reserve } from './decide.ts';
import type { ReservationEvent } from './events.ts';
import { reservation } from './state.ts';

const own = { kind: 'email', ownerId: 'mem_own' } as const;
export const made: ReservationEvent = { type: 'ReservationMade', data: own };
export const madeByOther: ReservationEvent = {
  type: 'ReservationMade',
  data: { kind: 'email', ownerId: 'mem_other' },
};

export const examples = defineExamples(reservation, {
  statuses: { free: [], taken: [made] },
  situations: { 'taken by another': [madeByOther] },
  commands: {
    reserve: (state) => reserve(state, { ...own, staleOwner: false }),
    'reserve (its owner is stale)': (state) => reserve(state, { ...own, staleOwner: true }),
    release: (state) => release(state, own),
  },
});
