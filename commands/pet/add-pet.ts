import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { addPet as decideAdd } from '../../domain/pet/decide.ts';
import { pet } from '../../domain/pet/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { personOf } from '../access.ts';
import { detailsSchema } from './details.ts';

export const addPet = defineCommand({
  name: 'add-pet',
  summary: 'Add a pet',
  description: "Adds one of the asker's own pets. It can then be brought to activities.",
  tag: 'Pets',
  path: '/v1/pets',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({}),
  body: detailsSchema,
  reply: z.strictObject({ id: idSchema('pet') }),
  status: 201,
  refusals: ['date-in-future', 'already-exists'],
  example: {
    params: {},
    body: { name: 'Rex', species: 'dog', breed: 'Beagle', birthDate: '2025-11-20' },
    reply: { id: exampleIds.petId },
  },
  execute: async ({ decide }, { body }, { commandId, principal, now }) => {
    const petId = deriveId('pet', commandId);
    const memberId = personOf(principal).id;
    await decide(pet, petId, {
      decide: (state) => decideAdd(state, { petId, memberId, ...body, now }),
    });
    return { id: petId };
  },
});
