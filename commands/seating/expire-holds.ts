import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { expireHolds as decideExpire } from '../../domain/seating/decide.ts';
import { seating } from '../../domain/seating/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const expireHolds = defineCommand({
  name: 'expire-holds',
  summary: 'Release every hold of an activity whose deadline has passed',
  description:
    'For liveness only: each decision on the seats releases expired holds first, whoever asks.',
  tag: 'Seating',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({}),
  reply: z.strictObject({}),
  status: 200,
  refusals: [],
  example: { params: { activityId: exampleIds.activityId }, body: {}, reply: {} },
  execute: async ({ decide }, { params: { activityId } }, { now }) => {
    await decide(seating, activityId, { decide: (state) => decideExpire(state, { now }) });
    return {};
  },
});
