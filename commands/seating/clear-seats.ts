import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { clearSeats as decideClear } from '../../domain/seating/decide.ts';
import { seating } from '../../domain/seating/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const clearSeats = defineCommand({
  name: 'clear-seats',
  summary: 'Give the next portion of places of a cancelled activity back',
  description: 'One append is bounded: `SeatsCleared` says whether another portion is due.',
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
    await decide(seating, activityId, { decide: (state) => decideClear(state) });
    return {};
  },
});
