import { createTokenVerifier, publicJwksOf } from '../../platform/identity/index.ts';
import { kyselyOf, withLongPool } from '../../platform/postgres/index.ts';
import {
  createChangesHeard,
  createSeenTracker,
  prepareReadModels,
} from '../../projections/_runtime/index.ts';
import type { ReadDatabase } from '../../projections/_runtime/query.ts';
import { liveQueries, projections, queries } from '../../projections/index.ts';
import { buildReadApi } from '../../read-api/index.ts';
import type { RoleContext } from './context.ts';
import { tokenNames } from './token-names.ts';

/** The read API, listening. */
export async function startReadApi(context: RoleContext): Promise<void> {
  const { closers, config, log, pool, secrets } = context;
  // On a machine of its own this role may be up before the projections ever ran.
  await withLongPool({ url: config.databaseUrl, name: 'read models' }, (long) =>
    prepareReadModels(long, projections),
  );
  const tracker = createSeenTracker({ url: config.databaseUrl, pool, log });
  closers.add('seen tracker', () => tracker.stop());
  const changes = createChangesHeard({ url: config.databaseUrl, log });
  closers.add('changes heard', () => changes.stop());
  const app = await buildReadApi({
    queries,
    live: liveQueries,
    changes,
    db: kyselyOf(pool) as ReadDatabase,
    seen: tracker,
    signTicket: secrets.signTicket as Parameters<typeof buildReadApi>[0]['signTicket'],
    // The public key only: this role could not issue a token if it wanted to.
    identity: createTokenVerifier({
      ...tokenNames,
      jwks: await publicJwksOf(config.tokenSigningKey),
    }),
    urls: context.urls,
    readiness: context.readiness,
    ...(config.trustedProxies === undefined ? {} : { trustProxy: config.trustedProxies }),
    log,
  });
  closers.add('read API', () => app.close());
  await app.listen({ host: config.readApiHost, port: config.readApiPort, backlog: 4096 });
}
