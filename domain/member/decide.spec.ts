import { expect, test } from 'vitest';
import { fold } from '../_kernel/aggregate.ts';
import { exampleIds } from '../_kernel/examples.ts';
import { ImpossibleHistoryError } from '../_kernel/history.ts';
import { spec } from '../_kernel/spec-kit.ts';
import { grantRole, registerMember, revokeRole } from './decide.ts';
import type { MemberEvent } from './events.ts';
import { madeStaff, registered, registration } from './examples.ts';
import { member } from './state.ts';

const { memberId } = exampleIds;
const revoked: MemberEvent = { type: 'RoleRevoked', data: { memberId, role: 'staff' } };

test('whoever registers is a member', () => {
  const { then, state } = spec(member)
    .given()
    .when((before) => registerMember(before, registration));
  then(...registered);
  expect(state()).toMatchObject({ status: 'registered', roles: ['member'] });
});

test('further roles are granted in the same append, each once', () => {
  const { state } = spec(member)
    .given()
    .when((before) =>
      registerMember(before, { ...registration, roles: ['admin', 'member', 'admin'] }),
    );
  expect(state()).toMatchObject({ roles: ['member', 'admin'] });
});

test('an account is opened once', () => {
  spec(member)
    .given(...registered)
    .when((state) => registerMember(state, registration))
    .thenRejected('already-registered');
});

test('a role is granted once and revoked once', () => {
  const grant = spec(member).given(...registered);
  grant.when((state) => grantRole(state, { role: 'staff' })).then(madeStaff);
  grant.when((state) => revokeRole(state, { role: 'staff' })).then();
  const staff = spec(member).given(...registered, madeStaff);
  staff.when((state) => grantRole(state, { role: 'staff' })).then();
  staff.when((state) => revokeRole(state, { role: 'staff' })).then(revoked);
  expect(fold(member, [...registered, madeStaff, revoked])).toMatchObject({ roles: ['member'] });
});

test('nobody has a role before registering', () => {
  spec(member)
    .given()
    .when((state) => grantRole(state, { role: 'staff' }))
    .thenRejected('not-found');
  spec(member)
    .given()
    .when((state) => revokeRole(state, { role: 'staff' }))
    .thenRejected('not-found');
  expect(() => fold(member, [madeStaff])).toThrow(ImpossibleHistoryError);
});

test('an erased person is still a member, with nothing personal', () => {
  const emailReservation = registration.emailReservation;
  const state = fold(member, [
    { type: 'MemberRegistered', data: { memberId, email: null, name: null, emailReservation } },
    { type: 'PasswordSet', data: { memberId, passwordHash: null } },
    { type: 'RoleGranted', data: { memberId, role: 'member' } },
  ]);
  expect(state).toEqual({
    status: 'registered',
    ...{ memberId, email: null, name: null, emailReservation, passwordHash: null },
    roles: ['member'],
  });
});
