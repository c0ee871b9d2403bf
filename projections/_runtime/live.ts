import { sql } from 'kysely';
import { z } from 'zod';
import { topicOf } from './changes.ts';
import type { QueryContext, QueryDefinition, ReadDatabase, ReadPrincipal } from './query.ts';

/** A part of what is followed as it is now, with the ordinal of the event that changed it last. */
export type Changed<Item> = { readonly ordinal: number; readonly item: Item };

/** What changed after one ordinal, up to another. */
export type Span = { readonly after: number; readonly upTo: number };

type Asked<P> = { readonly params: P; readonly principal: ReadPrincipal };

/** A query whose answer can be followed. Path, permission and parameters are the query's. */
export type LiveDefinition = {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly query: QueryDefinition;
  readonly path: string;
  /** `data` of a message. */
  readonly message: z.ZodType;
  readonly example: unknown;
  /** What it is woken by. */
  topics(asked: Asked<Record<string, unknown>>): readonly string[];
  /** Those of one audience see the same; they share an answer. */
  audience(principal: ReadPrincipal): string;
  /** Throws NotFoundError when there is nothing to follow for the asker. */
  admit(context: QueryContext, params: Record<string, unknown>): Promise<void>;
  /** In the order of ordinals; all that one event changed, or nothing of it. */
  changed(
    context: QueryContext,
    params: Record<string, unknown>,
    span: Span,
  ): Promise<readonly Changed<unknown>[]>;
};

/** Makes the query of the same parameters a stream at `<path>/live`. */
export function defineLive<P extends z.ZodObject, Item extends z.ZodType>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly query: QueryDefinition<P>;
  readonly item: Item;
  readonly example: z.input<Item>;
  readonly topics: (asked: Asked<z.output<P>>) => readonly (readonly [string, string | null])[];
  readonly audience: (principal: ReadPrincipal) => string;
  readonly admit: (context: QueryContext, params: z.output<P>) => Promise<unknown>;
  readonly changed: (
    context: QueryContext,
    params: z.output<P>,
    span: Span,
  ) => Promise<readonly Changed<z.output<Item>>[]>;
}): LiveDefinition {
  const { query, item, example, topics, admit, changed, ...rest } = definition;
  const typed = (params: Record<string, unknown>) => params as z.output<P>;
  return {
    ...rest,
    query: query as QueryDefinition,
    path: `${query.path}/live`,
    message: z.strictObject({ items: z.array(item) }),
    example: { items: [example] },
    topics: ({ params, principal }) =>
      topics({ params: typed(params), principal }).map(([topic, of]) => topicOf(topic, of)),
    admit: async (context, params) => {
      await admit(context, typed(params));
    },
    changed: (context, params, span) => changed(context, typed(params), span),
  };
}

/** Items of a message; more of them come in the next. */
const PAGE = 200;

/**
 * The end of a select of what changed: a page in the order of ordinals, that never has a part of
 * what one event changed.
 */
export const pageOfChanges = sql`order by at fetch first (${sql.lit(PAGE)}) rows with ties`;

/** Where somebody who follows stands. */
export type Position = {
  /** Everything up to this ordinal was told; null: nothing. */
  readonly ordinal: number | null;
  /** What had been rewritten by then; null: not known, as after a resume. */
  readonly rewrites: string | null;
};

export type Step = {
  readonly position: Position;
  /** Null: nothing changed. A snapshot replaces what was told before; changes add to it. */
  readonly message: {
    readonly event: 'snapshot' | 'change';
    readonly id: number;
    readonly items: readonly unknown[];
  } | null;
  /** Whether there is more to be told at once. */
  readonly more: boolean;
};

type Mark = {
  readonly projection: string;
  readonly version: number;
  readonly ordinal: number;
  readonly rewrites: number;
  readonly rewritten_at: number | null;
};

/** How far all of the read models are, and what was rewritten in them. */
async function marksOf(db: ReadDatabase, projections: readonly string[]) {
  const { rows } = await sql<Mark>`
    select c.projection, c.version, c.ordinal, c.rewrites, c.rewritten_at
      from projection.checkpoints c join projection.versions v using (projection, version)
     where v.live and c.projection = any(${[...projections]}) order by c.projection`.execute(db);
  return {
    upTo: rows.length < projections.length ? 0 : Math.min(...rows.map(({ ordinal }) => ordinal)),
    rewrittenAt: Math.max(-1, ...rows.map((row) => row.rewritten_at ?? -1)),
    rewrites: rows.map((row) => `${row.projection} ${row.version}.${row.rewrites}`).join(', '),
  };
}

type Marks = Awaited<ReturnType<typeof marksOf>>;

/** Whether what was told up to there still holds; else it is told anew. */
function goesOn({ ordinal, rewrites }: Position, marks: Marks): boolean {
  if (ordinal === null || ordinal > marks.upTo) return false;
  return rewrites === null ? ordinal > marks.rewrittenAt : rewrites === marks.rewrites;
}

/**
 * What is to be told next to somebody who stands at a position; the same in every process, for it
 * is read off the tables, in one snapshot of them. It goes as far as the slowest of the read models
 * it is made of: an ordinal that was told never has a part still to come.
 */
export async function stepFrom(
  definition: LiveDefinition,
  context: QueryContext,
  params: Record<string, unknown>,
  { ordinal, rewrites }: Position,
): Promise<Step> {
  return context.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (db) => {
      const inside = { ...context, db };
      if (rewrites === null) await definition.admit(inside, params);
      const marks = await marksOf(db, definition.query.projections);
      const after = goesOn({ ordinal, rewrites }, marks) ? ordinal : null;
      const anew = after === null;
      const span = { after: after ?? 0, upTo: marks.upTo };
      const changes = await definition.changed(inside, params, span);
      const more = changes.length >= PAGE;
      const items = changes.map(({ item }) => item);
      const last = changes.at(-1)?.ordinal ?? span.after;
      const id = anew && !more ? marks.upTo : last;
      const position = { ordinal: id, rewrites: marks.rewrites };
      if (!anew && changes.length === 0) return { position, message: null, more: false };
      return { position, message: { event: anew ? 'snapshot' : 'change', id, items }, more };
    });
}
