import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { removePet as decideRemove } from '../../domain/pet/decide.ts';
import { pet } from '../../domain/pet/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { mayTouch, notFound } from '../access.ts';

export const removePet = defineCommand({
  name: 'remove-pet',
  summary: 'Remove a pet',
  description: 'It can be brought to no further activity; enrollments that name it keep it.',
  tag: 'Pets',
  path: '/v1/pets/:petId/remove',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({ petId: idSchema('pet') }),
  body: z.strictObject({}),
  reply: z.strictObject({ id: idSchema('pet') }),
  status: 200,
  ifMatch: 'optional',
  refusals: ['not-found'],
  example: {
    params: { petId: exampleIds.petId },
    body: {},
    reply: { id: exampleIds.petId },
  },
  execute: async ({ decide }, { params: { petId } }, { principal }) => {
    await decide(pet, petId, {
      decide: (state) =>
        state.status === 'none' || !mayTouch(principal, state.memberId)
          ? notFound('pet')
          : decideRemove(state),
    });
    return { id: petId };
  },
});
