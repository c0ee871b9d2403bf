import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { roleSchema } from '../../domain/_kernel/roles.ts';
import * as decider from '../../domain/member/decide.ts';
import { type MemberState, member } from '../../domain/member/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';

const params = z.strictObject({ memberId: idSchema('mem') });
const body = z.strictObject({ role: roleSchema.meta({ example: 'staff' }) });
const reply = z.strictObject({ id: idSchema('mem'), roles: z.array(roleSchema) });

const rolesOf = (state: MemberState) => (state.status === 'registered' ? [...state.roles] : []);

export const grantRole = defineCommand({
  name: 'grant-role',
  summary: 'Grant a role',
  description:
    'It counts from the next access token on, so at the latest when the present one ends.',
  tag: 'Members',
  path: '/v1/members/:memberId/roles',
  permission: roles('admin'),
  params,
  body,
  reply,
  status: 200,
  refusals: ['not-found'],
  example: {
    params: { memberId: exampleIds.memberId },
    body: { role: 'staff' },
    reply: { id: exampleIds.memberId, roles: ['member', 'staff'] },
  },
  execute: async ({ decide }, input) => {
    const { memberId } = input.params;
    const { view } = await decide(member, memberId, {
      decide: (state) => decider.grantRole(state, input.body),
      view: rolesOf,
      viewOf: 'then',
    });
    return { id: memberId, roles: view };
  },
});

export const revokeRole = defineCommand({
  name: 'revoke-role',
  summary: 'Revoke a role',
  description:
    'It counts from the next access token on, so at the latest when the present one ends.',
  tag: 'Members',
  path: '/v1/members/:memberId/roles/revoke',
  permission: roles('admin'),
  params,
  body,
  reply,
  status: 200,
  refusals: ['not-found'],
  example: {
    params: { memberId: exampleIds.memberId },
    body: { role: 'staff' },
    reply: { id: exampleIds.memberId, roles: ['member'] },
  },
  execute: async ({ decide }, input) => {
    const { memberId } = input.params;
    const { view } = await decide(member, memberId, {
      decide: (state) => decider.revokeRole(state, input.body),
      view: rolesOf,
      viewOf: 'then',
    });
    return { id: memberId, roles: view };
  },
});
