import { z } from 'zod';
import {
  addSeconds,
  instantInputSchema,
  instantSchema,
  toInstant,
} from '../../domain/_kernel/time.ts';
import * as decider from '../../domain/settings/decide.ts';
import { SETTINGS_ID, settings } from '../../domain/settings/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';

/**
 * Processes may decide on settings they read up to `SETTINGS_MAX_AGE_MS` ago, so a change counts a
 * little later than that unless a time is given: nobody decides by the old value after its date.
 */
export const SETTINGS_MAX_AGE_MS = 1000;
const LEAD_SECONDS = 2;

const effectiveFrom = instantInputSchema.optional().meta({
  description: 'From when on it counts; left out: in two seconds',
});
const from = (given: string | undefined, now: string) =>
  given === undefined ? addSeconds(now, LEAD_SECONDS) : toInstant(given);

export const setHoldTime = defineCommand({
  name: 'set-hold-time',
  summary: 'Set how long a seat is held unpaid',
  tag: 'Settings',
  path: '/v1/settings/hold-time',
  permission: roles('admin'),
  params: z.strictObject({}),
  body: z.strictObject({
    minutes: z.int().min(1).max(10_080).meta({ example: 30 }),
    effectiveFrom,
  }),
  reply: z.strictObject({ minutes: z.int(), effectiveFrom: instantSchema }),
  status: 200,
  refusals: ['effective-in-past'],
  example: {
    params: {},
    body: { minutes: 30 },
    reply: { minutes: 30, effectiveFrom: '2026-05-01T08:00:02.000Z' },
  },
  execute: async ({ decide }, { body }, { now }) => {
    const input = { minutes: body.minutes, effectiveFrom: from(body.effectiveFrom, now), now };
    const { events } = await decide(settings, SETTINGS_ID, {
      decide: (state) => decider.setHoldTime(state, input),
    });
    const stored = events.find((event) => event.type === 'HoldTimeSet');
    return stored?.data ?? { minutes: input.minutes, effectiveFrom: input.effectiveFrom };
  },
});

export const setServiceFee = defineCommand({
  name: 'set-service-fee',
  summary: 'Set the service fee on top of prices',
  tag: 'Settings',
  path: '/v1/settings/service-fee',
  permission: roles('admin'),
  params: z.strictObject({}),
  body: z.strictObject({
    basisPoints: z.int().min(0).max(5000).meta({ example: 250, description: '250 is 2.5 %' }),
    effectiveFrom,
  }),
  reply: z.strictObject({ basisPoints: z.int(), effectiveFrom: instantSchema }),
  status: 200,
  refusals: ['effective-in-past'],
  example: {
    params: {},
    body: { basisPoints: 250 },
    reply: { basisPoints: 250, effectiveFrom: '2026-05-01T08:00:02.000Z' },
  },
  execute: async ({ decide }, { body }, { now }) => {
    const input = {
      basisPoints: body.basisPoints,
      effectiveFrom: from(body.effectiveFrom, now),
      now,
    };
    const { events } = await decide(settings, SETTINGS_ID, {
      decide: (state) => decider.setServiceFee(state, input),
    });
    const stored = events.find((event) => event.type === 'ServiceFeeSet');
    return stored?.data ?? { basisPoints: input.basisPoints, effectiveFrom: input.effectiveFrom };
  },
});
