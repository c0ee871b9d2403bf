import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { lineSchema } from '../../domain/_kernel/text.ts';
import { activity } from '../../domain/activity/state.ts';
import { issueGifts as decideIssue } from '../../domain/giftstock/decide.ts';
import { giftstock } from '../../domain/giftstock/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { notFound, refuse } from '../access.ts';

export const issueGifts = defineCommand({
  name: 'issue-gifts',
  summary: 'Issue a batch of gift codes',
  description:
    'Makes codes for one item of an activity. The codes are in this answer only (and in every repeat of it with the same key): the log keeps keyed hashes.',
  tag: 'Gifts',
  path: '/v1/gifts',
  permission: roles('staff', 'admin'),
  params: z.strictObject({}),
  body: z.strictObject({
    activityId: idSchema('act'),
    item: lineSchema(1, 200).meta({ example: 'Engraved bowl' }),
    count: z.int().min(1).max(1000).meta({ example: 2, description: 'How many codes' }),
    stock: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .meta({ description: 'Items behind the codes; left out: one for each' }),
  }),
  reply: z.strictObject({
    id: idSchema('bat'),
    activityId: idSchema('act'),
    item: z.string(),
    stock: z.int(),
    codes: z.array(z.string()),
  }),
  status: 201,
  refusals: ['not-found', 'too-many-codes', 'duplicate-code'],
  example: {
    params: {},
    body: { activityId: exampleIds.activityId, item: 'Engraved bowl', count: 2 },
    reply: {
      id: exampleIds.batchId,
      activityId: exampleIds.activityId,
      item: 'Engraved bowl',
      stock: 2,
      codes: ['GIFT-7K2M9-XQ4TD-V8HNA-3RWCE-5ZPB0-J', 'GIFT-M4V7C-2YH9K-Q0TRX-8NDWA-6ZEPJ-5'],
    },
  },
  target: ({ body }) => body.activityId,
  execute: async ({ decide, load, ports }, { body }, { commandId }) => {
    const { activityId, item, count } = body;
    const batchId = deriveId('bat', commandId);
    const codes = Array.from({ length: count }, (_, index) =>
      ports.secrets.giftCode(commandId, index),
    );
    await decide(giftstock, activityId, {
      lookup: async () => {
        const status = await load(
          activity,
          activityId,
          (state) => state.status,
          (view) => view !== 'none',
        );
        if (status === 'none') refuse(notFound('activity'));
      },
      decide: (state) =>
        decideIssue(state, {
          ...{ batchId, activityId, item },
          stock: body.stock ?? count,
          codeHashes: codes.map((code) => ports.secrets.giftCodeHash(code)),
        }),
    });
    return { id: batchId, activityId, item, stock: body.stock ?? count, codes };
  },
});
