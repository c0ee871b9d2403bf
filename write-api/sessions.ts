import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { deriveId, idSchema } from '../domain/_kernel/ids.ts';
import { addressKey, type Operation, publicAccess } from '../platform/http/index.ts';
import type { Identity } from '../platform/identity/index.ts';

const credentials = z.strictObject({
  email: z.string().min(1).max(254).meta({ format: 'email', example: 'zoe@example.com' }),
  password: z.string().min(1).max(1024).meta({ format: 'password' }),
});
const token = z.strictObject({ refreshToken: z.string().min(1).max(200) });
const session = z.strictObject({
  accessToken: z.string().meta({ description: 'Bearer token for both APIs' }),
  refreshToken: z
    .string()
    .meta({ description: 'Good for one refresh; keep it as you keep a password' }),
  tokenType: z.literal('Bearer'),
  expiresIn: z.int().meta({ description: 'Seconds the access token is good for' }),
  memberId: idSchema('mem'),
  roles: z.array(z.string()),
});
const ended = z.strictObject({ status: z.literal('logged-out') });

const examples = {
  credentials: { email: 'zoe@example.com', password: 'correct-horse-battery' },
  token: { refreshToken: 'prt_Zm9yIHRoZSByZWZlcmVuY2Ugb25seSwgbm8gdG9rZW4' },
  session: {
    accessToken: 'eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9…',
    refreshToken: 'prt_Zm9yIHRoZSByZWZlcmVuY2Ugb25seSwgbm8gdG9rZW4',
    tokenType: 'Bearer',
    expiresIn: 900,
    memberId: deriveId('mem', 'example'),
    roles: ['member'],
  },
  ended: { status: 'logged-out' },
} as const;

type SessionRoute = {
  readonly path: string;
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly status: 200 | 201;
  readonly body: z.ZodObject;
  readonly reply: z.ZodType;
  readonly example: { readonly body: unknown; readonly reply: unknown };
  readonly problems: readonly string[];
  readonly run: (request: FastifyRequest) => Promise<unknown>;
};

/** Sessions are no commands: they are not events, and a log-in needs no idempotency key. */
export function mountSessions(app: FastifyInstance, identity: Identity): void {
  const routes: readonly SessionRoute[] = [
    {
      path: '/v1/sessions',
      name: 'log-in',
      summary: 'Log in',
      description: 'Opens a session. An unknown address and a wrong password are one answer.',
      status: 201,
      body: credentials,
      reply: session,
      example: { body: examples.credentials, reply: examples.session },
      problems: ['invalid-credentials'],
      run: (request) => {
        const { email, password } = request.body as z.output<typeof credentials>;
        return identity.logIn({ email, password, address: addressKey(request.ip) });
      },
    },
    {
      path: '/v1/sessions/refresh',
      name: 'refresh-session',
      summary: 'Refresh a session',
      description:
        'Gives a new pair of tokens. The old refresh token is used up; when the answer got lost, the same request gives the same new one for ten seconds. Sent later, it ends the session.',
      status: 200,
      body: token,
      reply: session,
      example: { body: examples.token, reply: examples.session },
      problems: ['invalid-refresh-token'],
      run: (request) => identity.refresh((request.body as z.output<typeof token>).refreshToken),
    },
    {
      path: '/v1/sessions/logout',
      name: 'log-out',
      summary: 'Log out',
      description:
        'Ends the session of the refresh token. An access token stays good until it expires.',
      status: 200,
      body: token,
      reply: ended,
      example: { body: examples.token, reply: examples.ended },
      problems: [],
      run: async (request) => {
        await identity.logOut((request.body as z.output<typeof token>).refreshToken);
        return examples.ended;
      },
    },
  ];
  for (const route of routes) mount(app, route);
}

function mount(app: FastifyInstance, route: SessionRoute): void {
  const {
    path,
    name,
    summary,
    description,
    status,
    body,
    reply: schema,
    example,
    problems,
  } = route;
  const operation: Operation = {
    ...{ name, summary, description, status, problems, example },
    tag: 'Sessions',
    access: publicAccess,
    requestHeaders: [],
    responseHeaders: [],
  };
  app.post(
    path,
    {
      config: { access: publicAccess, operation, rateClass: 'session' },
      schema: {
        operationId: name,
        summary,
        description,
        tags: ['Sessions'],
        body,
        response: { [status]: schema },
      },
    },
    async (request, reply) => reply.code(status).send(await route.run(request)),
  );
}
