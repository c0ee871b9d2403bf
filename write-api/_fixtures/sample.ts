import { z } from 'zod';
import {
  defineCommand,
  internalPermission,
  publicPermission,
  roles,
} from '../../commands/_runtime/definition.ts';
import type {
  CommandBus,
  CommandDefinition,
  CommandInput,
  CommandRequest,
  CommandResult,
} from '../../commands/_runtime/index.ts';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import type { Role } from '../../domain/_kernel/roles.ts';
import {
  type AccessTokens,
  createAccessTokens,
  type Identity,
  InvalidCredentialsError,
  InvalidRefreshTokenError,
  type SessionReply,
} from '../../platform/identity/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { buildWriteApi, type WriteApi, type WriteApiOptions } from '../index.ts';

export const activityId = deriveId('act', 'sample');
export const memberId = deriveId('mem', 'sample');
const neverHere = (): never => {
  throw new TypeError('the bus of the spec answers, not the definition');
};

/** A command with everything: a path parameter, a nested body, roles, a refusal, 201. */
export const walk = defineCommand({
  name: 'plan-walk',
  summary: 'Plan a walk',
  tag: 'Walks',
  path: '/v1/activities/:activityId/walks',
  permission: roles('member', 'staff'),
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({
    dogs: z.int().min(1).max(9),
    route: z
      .strictObject({ name: z.string().max(50), stops: z.array(z.string().max(20)).max(5) })
      .optional(),
    pace: z.enum(['slow', 'brisk']).default('slow'),
  }),
  reply: z.strictObject({ id: z.string(), dogs: z.int() }),
  status: 201,
  refusals: ['sold-out', 'not-found'],
  example: { params: { activityId }, body: { dogs: 2 }, reply: { id: 'walk_1', dogs: 2 } },
  execute: neverHere,
});

const open = defineCommand({
  name: 'ring-bell',
  summary: 'Ring the bell',
  tag: 'Walks',
  path: '/v1/bells',
  permission: publicPermission,
  params: z.strictObject({}),
  body: z.strictObject({}),
  reply: z.strictObject({ rung: z.boolean() }),
  status: 200,
  refusals: [],
  example: { params: {}, body: {}, reply: { rung: true } },
  execute: neverHere,
});

const internal = defineCommand({
  ...open,
  name: 'note-internally',
  path: '/v1/internal-notes',
  permission: internalPermission,
});

export const sampleCommands: readonly CommandDefinition[] = [walk, open, internal];

export type Sent = {
  readonly name: string;
  readonly input: CommandInput;
  readonly request: CommandRequest;
};

/** A bus that records what it is sent and answers what the spec says. */
export function recordingBus(): Pick<CommandBus, 'execute'> & {
  sent: Sent[];
  answer: (sent: Sent) => Promise<CommandResult> | CommandResult;
} {
  const bus = {
    sent: [] as Sent[],
    answer: (_sent: Sent): Promise<CommandResult> | CommandResult => ({
      reply: { id: 'walk_1', dogs: 2 },
      replayed: false,
      revision: 4,
      position: 1823n,
    }),
    execute: async (name: string, input: CommandInput, request: CommandRequest) => {
      const sent = { name, input, request };
      bus.sent.push(sent);
      return bus.answer(sent);
    },
  };
  return bus;
}

const issuer = 'http://write.test';
let signer: Promise<AccessTokens> | undefined;

/** One signer for all specs of a file: real tokens, a fixed seed. */
export function tokens(): Promise<AccessTokens> {
  signer ??= createAccessTokens({
    seed: Buffer.alloc(32, 7),
    issuer,
    audience: 'pawprint',
    minutes: 15,
  });
  return signer;
}

export async function bearer(...memberRoles: readonly Role[]): Promise<string> {
  const { token } = await (await tokens()).issue({
    memberId,
    roles: memberRoles,
    sessionId: 'ses_1',
  });
  return `Bearer ${token}`;
}

/** Tokens are real; sessions answer from a table, for the specs of the routes alone. */
async function sampleIdentity(): Promise<Identity> {
  const { verify, jwks } = await tokens();
  const session: SessionReply = {
    ...{ accessToken: 'a', refreshToken: 'r', tokenType: 'Bearer', expiresIn: 900 },
    ...{ memberId, roles: ['member'] },
  };
  return {
    ...{ verify, jwks },
    logIn: async ({ password }) => {
      if (password !== 'right') throw new InvalidCredentialsError('no');
      return session;
    },
    refresh: async (token) => {
      if (token !== 'good') throw new InvalidRefreshTokenError('no');
      return session;
    },
    logOut: async () => undefined,
    endAllSessionsOf: async () => 0,
  };
}

export async function sampleWriteApi(
  options: Partial<WriteApiOptions> & Pick<WriteApiOptions, 'bus'>,
): Promise<WriteApi> {
  return buildWriteApi({
    commands: sampleCommands,
    identity: await sampleIdentity(),
    stripe: { verify: neverHere, receive: neverHere },
    urls: { write: issuer, read: 'http://read.test' },
    readPaths: ['/v1/walks/:walkId', '/v1/activities/:activityId'],
    readiness: [],
    log: createLogger({ level: 'silent', name: 'spec' }),
    ...options,
  });
}
