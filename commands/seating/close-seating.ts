import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { closeSeating as decideClose } from '../../domain/seating/decide.ts';
import { seating } from '../../domain/seating/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const closeSeating = defineCommand({
  name: 'close-seating',
  summary: 'Give no more seats of a cancelled activity away',
  description: 'For a cancellation that was cut before it closed the seats itself.',
  tag: 'Seating',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({}),
  reply: z.strictObject({}),
  status: 200,
  refusals: [],
  example: { params: { activityId: exampleIds.activityId }, body: {}, reply: {} },
  execute: async ({ decide }, { params: { activityId } }) => {
    await decide(seating, activityId, {
      // A draft has no seats to close.
      decide: (state) =>
        state.status === 'none' ? [] : decideClose(state, { cause: 'activity-cancelled' }),
    });
    return {};
  },
});
