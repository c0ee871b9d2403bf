import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { speciesSchema } from '../../domain/_kernel/species.ts';
import { lineSchema, textSchema } from '../../domain/_kernel/text.ts';
import { instantInputSchema, timeZoneSchema, toInstant } from '../../domain/_kernel/time.ts';
import { draftActivity as decideDraft } from '../../domain/activity/decide.ts';
import { activity } from '../../domain/activity/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';

/** With the highest service fee (50 %) on top still below what a card can be charged (99,999,999). */
const HIGHEST_PRICE = 60_000_000;

export const draftActivity = defineCommand({
  name: 'draft-activity',
  summary: 'Draft an activity',
  description: 'Plans an activity. Nobody but staff sees it before it is published.',
  tag: 'Activities',
  path: '/v1/activities',
  permission: roles('staff', 'admin'),
  params: z.strictObject({}),
  body: z.strictObject({
    title: lineSchema(1, 200).meta({ example: 'Puppy first-aid morning' }),
    description: textSchema(0, 10_000).default('').meta({ example: 'Bring your own puppy.' }),
    venue: lineSchema(1, 300).meta({ example: 'Tiergarten pavilion, Berlin' }),
    startsAt: instantInputSchema,
    endsAt: instantInputSchema,
    timeZone: timeZoneSchema,
    price: moneySchema
      .refine(({ amount }) => amount <= HIGHEST_PRICE, {
        error: `expected at most ${HIGHEST_PRICE} minor units`,
        path: ['amount'],
      })
      .meta({ description: 'Zero is a free activity: its seats are confirmed at once' }),
    capacity: z.int().min(1).max(100_000).meta({ example: 20 }),
    waitlist: z.boolean().default(false),
    seatsPerMember: z.int().min(1).max(1000).default(4).meta({
      description: 'How many seats one member may have at the same time',
    }),
    pets: z
      .strictObject({
        species: z.array(speciesSchema).min(1).max(10).optional().meta({
          description: 'Left out: any species',
        }),
        minAgeMonths: z.int().min(0).max(600).optional().meta({
          description: 'On the day it starts; left out: any age',
          example: 4,
        }),
      })
      .optional()
      .meta({ description: 'The activity is for pets: who enrolls brings one that fits' }),
  }),
  reply: z.strictObject({ id: idSchema('act'), status: z.enum(['draft']) }),
  status: 201,
  refusals: ['ends-before-start', 'starts-in-past', 'already-exists'],
  example: {
    params: {},
    body: {
      title: 'Puppy first-aid morning',
      description: 'Bring your own puppy.',
      venue: 'Tiergarten pavilion, Berlin',
      startsAt: '2027-05-01T10:00:00+02:00',
      endsAt: '2027-05-01T12:00:00+02:00',
      timeZone: 'Europe/Berlin',
      price: { amount: 2500, currency: 'EUR' },
      capacity: 20,
      waitlist: true,
      seatsPerMember: 4,
      pets: { species: ['dog'], minAgeMonths: 4 },
    },
    reply: { id: exampleIds.activityId, status: 'draft' },
  },
  execute: async ({ decide }, { body: { pets, ...body } }, { commandId, now }) => {
    const { species = null, minAgeMonths = null } = pets ?? {};
    const activityId = deriveId('act', commandId);
    await decide(activity, activityId, {
      decide: (state) =>
        decideDraft(state, {
          ...body,
          activityId,
          startsAt: toInstant(body.startsAt),
          endsAt: toInstant(body.endsAt),
          ...(pets === undefined ? {} : { petTerms: { species, minAgeMonths } }),
          now,
        }),
    });
    return { id: activityId, status: 'draft' as const };
  },
});
