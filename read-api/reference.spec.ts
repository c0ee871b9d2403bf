import { expect, test } from 'vitest';
import { faultsOf } from '../platform/http/_fixtures/check-openapi.ts';
import { createAccessTokens } from '../platform/identity/index.ts';
import { createLogger } from '../platform/log/index.ts';
import { createPool, kyselyOf } from '../platform/postgres/index.ts';
import type { ReadDatabase } from '../projections/_runtime/query.ts';
import { liveQueries, queries } from '../projections/index.ts';
import { buildReadApi } from './index.ts';

test("the platform's own queries have a reference without fault, and examples that fit", async () => {
  const neverAsked = (): never => {
    throw new TypeError('the reference needs no read model');
  };
  // Nothing connects: a pool opens its first connection with its first statement.
  const pool = createPool({ url: 'postgres://127.0.0.1:1/none', name: 'reference-spec' });
  const tokens = { seed: Buffer.alloc(32, 7), issuer: 'i', audience: 'a', minutes: 15 };
  const app = await buildReadApi({
    queries,
    live: liveQueries,
    changes: { subscribe: neverAsked, news: neverAsked },
    db: kyselyOf(pool) as ReadDatabase,
    seen: { waitFor: neverAsked, seenOf: neverAsked },
    signTicket: neverAsked,
    identity: await createAccessTokens(tokens),
    urls: { write: 'http://write.test', read: 'http://read.test' },
    readiness: [],
    log: createLogger({ level: 'silent', name: 'spec' }),
  });
  expect(faultsOf((await app.inject('/openapi.json')).json())).toEqual([]);
  expect(app.matrix).toHaveLength(queries.length + liveQueries.length);
  for (const { name, params, querystring, reply, example } of queries) {
    expect(params.safeParse(example.params).error, name).toBeUndefined();
    expect(querystring.safeParse(example.querystring).error, name).toBeUndefined();
    expect(reply.safeParse(example.reply).error, name).toBeUndefined();
  }
  await app.close();
  await pool.end();
});
