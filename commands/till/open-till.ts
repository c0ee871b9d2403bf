import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import { activity } from '../../domain/activity/state.ts';
import { openTill as decideOpen } from '../../domain/till/decide.ts';
import { till } from '../../domain/till/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { notFound, refuse } from '../access.ts';

export const openTill = defineCommand({
  name: 'open-till',
  summary: 'Open a till at the door of an activity',
  description: 'With some change in it (`float`), in the currency of the price.',
  tag: 'Tills',
  path: '/v1/tills',
  permission: roles('staff', 'admin'),
  params: z.strictObject({}),
  body: z.strictObject({ activityId: idSchema('act'), float: moneySchema }),
  reply: z.strictObject({ id: idSchema('til'), status: z.enum(['open']) }),
  status: 201,
  refusals: ['not-found', 'currency-differs', 'already-exists'],
  example: {
    params: {},
    body: { activityId: exampleIds.activityId, float: { amount: 10_000, currency: 'EUR' } },
    reply: { id: exampleIds.tillId, status: 'open' },
  },
  execute: async ({ decide, load }, { body: { activityId, float } }, { commandId }) => {
    const tillId = deriveId('til', commandId);
    await decide(till, tillId, {
      lookup: async () => {
        const currency = await load(activity, activityId, (state) =>
          state.status === 'none' ? null : state.price.currency,
        );
        if (currency === null) return refuse(notFound('activity'));
        if (currency !== float.currency) {
          refuse(rejected('currency-differs', `The price is in ${currency}.`, { currency }));
        }
      },
      decide: (state) => decideOpen(state, { tillId, activityId, float }),
    });
    return { id: tillId, status: 'open' as const };
  },
});
