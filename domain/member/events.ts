import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { personal } from '../_kernel/personal.ts';
import { roleSchema } from '../_kernel/roles.ts';
import { lineSchema } from '../_kernel/text.ts';

const contact = { subject: 'memberId', purpose: 'contact' } as const;

export const MemberRegistered = defineEvent({
  type: 'MemberRegistered',
  summary: 'A person opened an account.',
  data: {
    memberId: idSchema('mem'),
    email: personal(z.email().max(254), contact),
    name: personal(lineSchema(1, 200), contact),
    /** The reservation stream that keeps the e-mail address unique. */
    emailReservation: z.string(),
  },
});

export const PasswordSet = defineEvent({
  type: 'PasswordSet',
  summary: 'The member chose a password; its Argon2id hash in PHC string form, encrypted.',
  data: { memberId: idSchema('mem'), passwordHash: personal(z.string().max(512), contact) },
});

export const RoleGranted = defineEvent({
  type: 'RoleGranted',
  summary: 'The member may now act in a role.',
  data: { memberId: idSchema('mem'), role: roleSchema },
});

export const RoleRevoked = defineEvent({
  type: 'RoleRevoked',
  summary: 'The member may no longer act in a role.',
  data: { memberId: idSchema('mem'), role: roleSchema },
});

export const memberEvents = defineEvents('member', [
  MemberRegistered,
  PasswordSet,
  RoleGranted,
  RoleRevoked,
]);
export type MemberEvent = EventsOf<typeof memberEvents>;
