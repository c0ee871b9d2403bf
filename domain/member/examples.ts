import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { grantRole, registerMember, revokeRole } from './decide.ts';
import type { MemberEvent } from './events.ts';
import { member } from './state.ts';

const { memberId } = exampleIds;
export const registration = {
  memberId,
  email: 'juno@example.org',
  name: 'Juno Example',
  emailReservation: 'reservation-4f1c',
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
  roles: [],
};
const { email, name, emailReservation, passwordHash } = registration;

export const registered: MemberEvent[] = [
  { type: 'MemberRegistered', data: { memberId, email, name, emailReservation } },
  { type: 'PasswordSet', data: { memberId, passwordHash } },
  { type: 'RoleGranted', data: { memberId, role: 'member' } },
];
export const madeStaff: MemberEvent = { type: 'RoleGranted', data: { memberId, role: 'staff' } };

export const examples = defineExamples(member, {
  statuses: { none: [], registered },
  situations: { 'registered, staff': [...registered, madeStaff] },
  commands: {
    registerMember: (state) => registerMember(state, registration),
    grantRole: (state) => grantRole(state, { role: 'staff' }),
    revokeRole: (state) => revokeRole(state, { role: 'staff' }),
  },
});
