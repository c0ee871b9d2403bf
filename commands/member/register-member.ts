import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, idSchema, type MemberId } from '../../domain/_kernel/ids.ts';
import { isRejection, rejected } from '../../domain/_kernel/rejection.ts';
import { roleSchema } from '../../domain/_kernel/roles.ts';
import { lineSchema } from '../../domain/_kernel/text.ts';
import { registerMember as decideRegister } from '../../domain/member/decide.ts';
import { member } from '../../domain/member/state.ts';
import { reserve } from '../../domain/reservation/decide.ts';
import { reservation } from '../../domain/reservation/state.ts';
import { normaliseEmail } from '../../platform/identity/email.ts';
import { defineCommand, publicPermission } from '../_runtime/definition.ts';
import type { CommandPorts } from '../_runtime/ports.ts';

/** The stream that keeps an e-mail address unique, named by a keyed hash of the address. */
export function emailReservationId(secrets: CommandPorts['secrets'], email: string): string {
  return `email.${secrets.blindIndex('email', normaliseEmail(email))}`;
}

const body = z.strictObject({
  email: z
    .email({ error: 'expected an e-mail address, such as zoe@example.com' })
    .max(254)
    .meta({ example: 'zoe@example.com' }),
  name: lineSchema(1, 200).meta({ example: 'Zoë Havel' }),
  password: z
    .string()
    .min(12, { error: 'expected at least 12 characters' })
    .max(200, { error: 'expected at most 200 characters' })
    .meta({ example: 'correct-horse-battery' }),
});

export const registerMember = defineCommand({
  name: 'register-member',
  summary: 'Register a member',
  description:
    'Opens an account. An e-mail address has one account, however many ask at the same time.',
  tag: 'Members',
  path: '/v1/members',
  permission: publicPermission,
  params: z.strictObject({}),
  body,
  reply: z.strictObject({ id: idSchema('mem'), roles: z.array(roleSchema) }),
  status: 201,
  refusals: ['email-taken'],
  example: {
    params: {},
    body: { email: 'zoe@example.com', name: 'Zoë Havel', password: 'correct-horse-battery' },
    reply: { id: exampleIds.memberId, roles: ['member'] },
  },
  execute: async (tools, { body: input }, { commandId }) => {
    const { decide, ports } = tools;
    const reserved = emailReservationId(ports.secrets, input.email);
    // The reservation names the member. Whoever finds it taken goes on with the id it names: if its
    // registration was cut, this one finishes it; if two race, one of them is first in that stream.
    const { view: memberId } = await decide(reservation, reserved, {
      decide: (state) =>
        state.owner === null
          ? reserve(state, {
              kind: 'email',
              ownerId: deriveId('mem', commandId),
              staleOwner: false,
            })
          : [],
      view: (state) => state.owner as MemberId,
    });
    const registered = await decide(member, memberId, {
      isNew: memberId === deriveId('mem', commandId),
      lookup: () => ports.passwords.hash(input.password),
      decide: (state, passwordHash) => {
        const decision = decideRegister(state, {
          memberId,
          email: input.email,
          name: input.name,
          emailReservation: reserved,
          passwordHash,
          roles: [],
        });
        return isRejection(decision)
          ? rejected('email-taken', 'An account with this e-mail address exists: log in instead.')
          : decision;
      },
    });
    return {
      id: memberId,
      roles: registered.events.flatMap((event) =>
        event.type === 'RoleGranted' ? [event.data.role] : [],
      ),
    };
  },
});
