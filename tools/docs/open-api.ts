import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { z } from 'zod';
import { clientCommands } from '../../commands/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { liveQueries, queries } from '../../projections/index.ts';
import { buildReadApi } from '../../read-api/index.ts';
import { buildWriteApi } from '../../write-api/index.ts';

const schema = z.record(z.string(), z.unknown());
const media = z.object({ schema: schema.optional(), example: z.unknown().optional() });

/** The part of an OpenAPI document that the reference shows. */
const operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.tuple([z.string()]),
  'x-roles': z.array(z.string()),
  parameters: z.array(schema).default([]),
  requestBody: z.object({ content: z.record(z.string(), media) }).optional(),
  responses: z.record(
    z.string(),
    z.object({
      content: z
        .record(
          z.string(),
          media.extend({ examples: z.record(z.string(), z.unknown()).optional() }),
        )
        .optional(),
    }),
  ),
});
const document = z.object({
  info: z.object({ title: z.string(), description: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
});

export type Operation = z.output<typeof operation>;
export type ApiDocument = z.output<typeof document>;

const urls = { write: 'http://127.0.0.1:4000', read: 'http://127.0.0.1:4001' };
const notHere = (): never => {
  throw new Error('the servers of the reference are only looked at, never asked');
};
const identity = {
  logIn: notHere,
  refresh: notHere,
  logOut: notHere,
  endAllSessionsOf: notHere,
  verify: notHere,
  jwks: { keys: [] },
};

/**
 * The documents that the two servers serve at `/openapi.json`. They are built as in production, with
 * nothing behind them: so the reference cannot say anything else than the servers do.
 */
export async function apiDocuments(): Promise<{ write: ApiDocument; read: ApiDocument }> {
  const log = createLogger({ level: 'silent', name: 'docs' });
  const db = new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  const shared = { identity, urls, readiness: [], log };
  const write = await buildWriteApi({
    ...shared,
    bus: { execute: notHere },
    commands: clientCommands,
    stripe: { verify: notHere, receive: notHere },
    readPaths: queries.map(({ path }) => path),
  });
  const read = await buildReadApi({
    ...shared,
    queries,
    live: liveQueries,
    changes: { subscribe: notHere, news: notHere },
    db,
    seen: { waitFor: notHere, seenOf: notHere },
    signTicket: notHere,
  });
  const documents = {
    write: document.parse(write.swagger()),
    read: document.parse(read.swagger()),
  };
  await Promise.all([write.close(), read.close(), db.destroy()]);
  return documents;
}
