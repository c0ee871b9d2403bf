import { clientCommands } from '../../commands/index.ts';
import { createMemberDirectory } from '../../commands/member/directory.ts';
import { createAccessTokens, openIdentity } from '../../platform/identity/index.ts';
import { queries } from '../../projections/index.ts';
import { createStripeInbox } from '../../sagas/follow-stripe/inbox.ts';
import { buildWriteApi } from '../../write-api/index.ts';
import { ensureAdministrator } from './administrator.ts';
import type { CommandPath } from './command-path.ts';
import type { RoleContext } from './context.ts';
import { tokenNames } from './token-names.ts';

/** The write API, listening. */
export async function startWriteApi(
  context: RoleContext,
  { bus, gateway, passwords }: CommandPath,
): Promise<void> {
  const { closers, config, eventStore, log, pool, secrets } = context;
  const members = createMemberDirectory({ eventStore, secrets });
  const tokens = await createAccessTokens({
    ...tokenNames,
    seed: config.tokenSigningKey,
    minutes: config.accessTokenMinutes,
  });
  const identity = await openIdentity({
    ...{ pool, tokens, passwords, members, log },
    refreshTokenDays: config.refreshTokenDays,
  });
  const inbox = await createStripeInbox({ pool, key: context.deriveKey('stripe-inbox') });
  const app = await buildWriteApi({
    bus,
    commands: clientCommands,
    identity,
    stripe: {
      verify: (rawBody, signature) => gateway.verifyWebhook(rawBody, signature),
      receive: (event, rawBody) => inbox.receive(event, rawBody),
    },
    urls: context.urls,
    readPaths: queries.map((query) => query.path),
    readiness: context.readiness,
    ...(config.trustedProxies === undefined ? {} : { trustProxy: config.trustedProxies }),
    log,
  });
  closers.add('write API', () => app.close());
  await ensureAdministrator({ config, bus, findCredentials: members.findCredentials });
  await app.listen({ host: config.writeApiHost, port: config.writeApiPort, backlog: 4096 });
}
