import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { issueTicket as decideIssue } from '../../domain/ticket/decide.ts';
import { ticket } from '../../domain/ticket/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const issueTicket = defineCommand({
  name: 'issue-ticket',
  summary: 'Issue the ticket of a confirmed enrollment',
  tag: 'Tickets',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ ticketId: idSchema('tkt') }),
  body: z.strictObject({
    enrollmentId: idSchema('enr'),
    activityId: idSchema('act'),
    memberId: idSchema('mem'),
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: [],
  example: {
    params: { ticketId: exampleIds.ticketId },
    body: {
      enrollmentId: exampleIds.enrollmentId,
      activityId: exampleIds.activityId,
      memberId: exampleIds.memberId,
    },
    reply: {},
  },
  execute: async ({ decide }, { params: { ticketId }, body }) => {
    await decide(ticket, ticketId, {
      decide: (state) => decideIssue(state, { ticketId, ...body }),
      isNew: true,
    });
    return {};
  },
});
