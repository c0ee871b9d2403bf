import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { lineSchema } from '../../domain/_kernel/text.ts';
import { changePet as decideChange } from '../../domain/pet/decide.ts';
import { pet } from '../../domain/pet/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { mayTouch, notFound } from '../access.ts';
import { detailsSchema } from './details.ts';

export const changePet = defineCommand({
  name: 'change-pet',
  summary: "Correct a pet's details",
  description: 'What is left out stays. For its owner and for staff.',
  tag: 'Pets',
  path: '/v1/pets/:petId',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({ petId: idSchema('pet') }),
  body: detailsSchema.extend({ breed: lineSchema(0, 100) }).partial(),
  reply: z.strictObject({ id: idSchema('pet') }),
  status: 200,
  // Owner and staff may both be at it.
  ifMatch: 'required',
  refusals: ['not-found', 'date-in-future'],
  example: {
    params: { petId: exampleIds.petId },
    body: { breed: 'Beagle mix' },
    reply: { id: exampleIds.petId },
  },
  execute: async ({ decide }, { params: { petId }, body }, { principal, now }) => {
    await decide(pet, petId, {
      decide: (state) =>
        state.status === 'none' || !mayTouch(principal, state.memberId)
          ? notFound('pet')
          : decideChange(state, { changes: body, now }),
    });
    return { id: petId };
  },
});
