import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { recordConfirmationSent as decideRecord } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const recordConfirmationSent = defineCommand({
  name: 'record-confirmation-sent',
  summary: 'Record that the mail server took the confirmation',
  tag: 'Enrollments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z.strictObject({ messageId: z.string().min(1).max(300) }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found', 'not-confirmed'],
  example: {
    params: { enrollmentId: exampleIds.enrollmentId },
    body: { messageId: `<confirmation.${exampleIds.enrollmentId}@pawprint.example>` },
    reply: {},
  },
  execute: async ({ decide }, { params: { enrollmentId }, body }) => {
    await decide(enrollment, enrollmentId, { decide: (state) => decideRecord(state, body) });
    return {};
  },
});
