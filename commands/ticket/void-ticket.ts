import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { voidTicket as decideVoid } from '../../domain/ticket/decide.ts';
import { ticket } from '../../domain/ticket/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const voidTicket = defineCommand({
  name: 'void-ticket',
  summary: 'Make a ticket open no door any more',
  tag: 'Tickets',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ ticketId: idSchema('tkt') }),
  body: z.strictObject({ cause: z.enum(['enrollment-cancelled', 'activity-cancelled']) }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found'],
  example: {
    params: { ticketId: exampleIds.ticketId },
    body: { cause: 'enrollment-cancelled' },
    reply: {},
  },
  execute: async ({ decide }, { params: { ticketId }, body }) => {
    await decide(ticket, ticketId, { decide: (state) => decideVoid(state, body) });
    return {};
  },
});
