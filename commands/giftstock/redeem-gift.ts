import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { redeemGift as decideRedeem } from '../../domain/giftstock/decide.ts';
import { giftstock } from '../../domain/giftstock/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';

export const redeemGift = defineCommand({
  name: 'redeem-gift',
  summary: 'Redeem a gift code',
  description:
    'Takes the code once and its item out of stock, both or neither. The code travels in the body, never in a URL.',
  tag: 'Gifts',
  path: '/v1/gift-redemptions',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({}),
  body: z.strictObject({
    code: z.string().min(1).max(100).meta({ example: 'GIFT-7K2M9-XQ4TD-V8HNA-3RWCE-5ZPB0-J' }),
    activityId: idSchema('act'),
  }),
  reply: z.strictObject({
    id: idSchema('gft'),
    activityId: idSchema('act'),
    item: z.string(),
    stockLeft: z.int(),
  }),
  status: 201,
  refusals: ['unknown-code', 'already-redeemed', 'out-of-stock'],
  example: {
    params: {},
    body: { code: 'GIFT-7K2M9-XQ4TD-V8HNA-3RWCE-5ZPB0-J', activityId: exampleIds.activityId },
    reply: {
      id: exampleIds.giftId,
      activityId: exampleIds.activityId,
      item: 'Engraved bowl',
      stockLeft: 1,
    },
  },
  target: ({ body }) => body.activityId,
  execute: async ({ decide, ports }, { body: { code, activityId } }, { commandId }) => {
    const giftId = deriveId('gft', commandId);
    const { events } = await decide(giftstock, activityId, {
      decide: (state) =>
        decideRedeem(state, { codeHash: ports.secrets.giftCodeHash(code), giftId, activityId }),
    });
    const redeemed = events.find((event) => event.type === 'GiftRedeemed')?.data;
    if (redeemed === undefined) throw new RangeError(`${giftId} was not redeemed by this command`);
    const { item, stockLeft } = redeemed;
    return { id: giftId, activityId, item, stockLeft };
  },
});
