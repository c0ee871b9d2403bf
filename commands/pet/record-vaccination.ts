import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { lineSchema } from '../../domain/_kernel/text.ts';
import { recordVaccination as decideRecord } from '../../domain/pet/decide.ts';
import { pet } from '../../domain/pet/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { mayTouch, notFound } from '../access.ts';
import { daySchema } from './details.ts';

export const recordVaccination = defineCommand({
  name: 'record-vaccination',
  summary: 'Record a vaccination',
  description: 'Recorded once, however often it is sent. For the owner and for staff.',
  tag: 'Pets',
  path: '/v1/pets/:petId/vaccinations',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({ petId: idSchema('pet') }),
  body: z.strictObject({
    vaccine: lineSchema(1, 100).meta({ example: 'Rabies' }),
    givenOn: daySchema.meta({ example: '2026-03-02' }),
    validUntil: daySchema.nullable().default(null).meta({
      description: 'Null: for good, or not known',
      example: '2029-03-02',
    }),
  }),
  reply: z.strictObject({ id: idSchema('pet') }),
  status: 201,
  ifMatch: 'optional',
  refusals: ['not-found', 'date-in-future', 'ends-before-start'],
  example: {
    params: { petId: exampleIds.petId },
    body: { vaccine: 'Rabies', givenOn: '2026-03-02', validUntil: '2029-03-02' },
    reply: { id: exampleIds.petId },
  },
  execute: async ({ decide }, { params: { petId }, body }, { principal, now }) => {
    await decide(pet, petId, {
      decide: (state) =>
        state.status === 'none' || !mayTouch(principal, state.memberId)
          ? notFound('pet')
          : decideRecord(state, { ...body, now }),
    });
    return { id: petId };
  },
});
