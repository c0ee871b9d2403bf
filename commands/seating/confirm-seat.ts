import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { confirmSeat as decideConfirm } from '../../domain/seating/decide.ts';
import { seating } from '../../domain/seating/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const confirmSeat = defineCommand({
  name: 'confirm-seat',
  summary: 'Give the seat of a paid enrollment away for good',
  description:
    'Money that came after the hold is seated too, as long as there is room. `sold-out`, `closed` and `cancelled` mean that the money has to go back; the others, after a payment, a fault.',
  tag: 'Seating',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({ enrollmentId: idSchema('enr'), memberId: idSchema('mem') }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-open', 'not-found', 'closed', 'sold-out', 'cancelled'],
  example: {
    params: { activityId: exampleIds.activityId },
    body: { enrollmentId: exampleIds.enrollmentId, memberId: exampleIds.memberId },
    reply: {},
  },
  execute: async ({ decide }, { params: { activityId }, body }, { now }) => {
    await decide(seating, activityId, {
      decide: (state) => decideConfirm(state, { ...body, now }),
    });
    return {};
  },
});
