import type { FastifyInstance, FastifyReply } from 'fastify';
import type { z } from 'zod';
import {
  type CommandBus,
  type CommandDefinition,
  type CommandResult,
  type Principal,
  parsedBy,
} from '../commands/_runtime/index.ts';
import {
  type Access,
  type Caller,
  encodeConsistencyToken,
  type Operation,
  parsing,
  publicAccess,
  traceparentOf,
} from '../platform/http/index.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import { readIfMatch } from './if-match.ts';
import { locationTemplate } from './location.ts';
import { commandProblems } from './problems.ts';

export type CommandRoutes = {
  readonly bus: Pick<CommandBus, 'execute'>;
  readonly commands: readonly CommandDefinition[];
  /** Paths of the read API, for `Location`. */
  readonly readPaths: readonly string[];
  readonly readUrl: string;
  /** How long a command may take from its arrival, in milliseconds. */
  readonly deadlineMs: number;
};

/** Every command that has a path, as `POST`. Nothing about a route is said anywhere else. */
export function mountCommands(app: FastifyInstance, routes: CommandRoutes): void {
  for (const command of routes.commands) {
    if (command.permission.kind === 'internal' || command.path === null) continue;
    const answer = answerer(command, command.path, routes);
    const operation = operationOf(command);
    app.post(
      command.path,
      {
        config: {
          access: operation.access,
          operation,
          // What anybody may send costs most (a password hash) and is limited most.
          rateClass: operation.access.kind === 'public' ? 'open' : 'command',
        },
        schema: {
          operationId: command.name,
          summary: command.summary,
          ...(operation.description === undefined ? {} : { description: operation.description }),
          tags: [command.tag],
          ...(Object.keys(command.params.shape).length === 0 ? {} : { params: command.params }),
          body: command.body,
          response: { [command.status]: command.reply },
        },
        validatorCompiler: parsingOnce,
        // A command without fields needs no body at all; where fields are needed they are named. The
        // JSON text `null` is a body, and no object.
        preValidation: async (request) => {
          if (request.body === undefined) request.body = {};
        },
      },
      async (request, reply) => {
        const expected = readIfMatch(request.headers['if-match'], command);
        const result = await routes.bus.execute(
          command.name,
          { params: request.params, body: request.body },
          {
            principal: principalOf(request.caller),
            key: readIdempotencyKey(request.headers['idempotency-key']),
            traceparent: traceparentOf(request.id),
            deadline: Date.now() + routes.deadlineMs,
            ...(expected === undefined ? {} : { expected }),
          },
        );
        return answer(reply, result);
      },
    );
  }
}

/** The bus takes what was parsed here, with the proof of it, and does not parse it again. */
function parsingOnce({ schema }: { readonly schema: unknown }) {
  const parse = parsing({ schema: schema as z.ZodType });
  return (data: unknown) => {
    const { value, error } = parse(data);
    return error === undefined ? { value: parsedBy(schema as z.ZodType, value) } : { error };
  };
}

function answerer(command: CommandDefinition, path: string, { readPaths, readUrl }: CommandRoutes) {
  const locate = command.status === 201 ? locationTemplate(path, readPaths) : null;
  const { origin } = new URL(readUrl);
  return (reply: FastifyReply, result: CommandResult): FastifyReply => {
    if (result.revision !== null && result.revision >= 0) {
      reply.header('ETag', `"${result.revision}"`);
    }
    if (result.position !== null) {
      reply.header('Consistency-Token', encodeConsistencyToken(result.position));
    }
    if (result.replayed) reply.header('Idempotency-Hit', 'true');
    const location = locate?.(result.reply) ?? null;
    if (location !== null) reply.header('Location', `${origin}${location}`);
    return reply.code(command.status).send(result.reply);
  };
}

function operationOf(command: CommandDefinition): Operation {
  const { permission } = command;
  const access: Access =
    permission.kind === 'roles' ? { kind: 'roles', roles: permission.roles } : publicAccess;
  return {
    name: command.name,
    summary: command.summary,
    ...(command.description === undefined ? {} : { description: command.description }),
    tag: command.tag,
    access,
    status: command.status,
    problems: [
      ...command.refusals,
      ...(command.ifMatch === undefined ? [] : ['revision-mismatch']),
      ...(command.ifMatch === 'required' ? ['revision-required'] : []),
      ...commandProblems,
    ],
    requestHeaders: [
      'IdempotencyKey',
      ...(command.ifMatch === 'optional' ? ['IfMatch'] : []),
      ...(command.ifMatch === 'required' ? ['IfMatchRequired'] : []),
    ],
    responseHeaders: [
      'ETag',
      'ConsistencyToken',
      'IdempotencyHit',
      ...(command.status === 201 ? ['Location'] : []),
    ],
    example: command.example,
  };
}

function principalOf(caller: Caller): Principal {
  return caller.kind === 'person'
    ? { kind: 'person', id: caller.id, roles: caller.roles }
    : { kind: 'anonymous' };
}
