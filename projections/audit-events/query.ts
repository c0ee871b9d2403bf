import { sql } from 'kysely';
import { z } from 'zod';
import { actorSchema } from '../../domain/_kernel/event.ts';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { instantInputSchema, toInstant } from '../../domain/_kernel/time.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageOf,
  pageSchema,
} from '../_runtime/paging.ts';
import { defineQuery, NotFoundError, type QueryDefinition, readRoles } from '../_runtime/query.ts';
import { from, replyInstant, rowOf, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { type StateFold, stateFold } from './state.ts';
import { auditEvents } from './table.ts';

const eventSchema = z.strictObject({
  ordinal: z.int().min(1).meta({ description: 'Place in the log, counted from 1' }),
  id: z.uuid(),
  type: z.string(),
  stream: z.string(),
  revision: z.int().min(0).meta({ description: 'Number in its stream, from 0' }),
  schemaVersion: z.int().min(1).meta({ description: 'Version it was written in' }),
  actor: actorSchema,
  commandId: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  occurredAt: replyInstant,
  recordedAt: replyInstant,
  activityId: z.string().nullable(),
  enrollmentId: z.string().nullable(),
  memberId: z.string().nullable(),
  paymentId: z.string().nullable(),
});

const withDataSchema = z.strictObject({
  ...eventSchema.shape,
  data: z
    .record(z.string(), z.unknown())
    .meta({ description: 'In its newest version; personal values read `[personal]`' }),
});

type EventRow = RowOf<typeof auditEvents>;

const show = (row: EventRow): z.output<typeof eventSchema> => ({
  ordinal: row.ordinal,
  id: row.event_id,
  type: row.type,
  stream: row.stream,
  revision: row.revision,
  schemaVersion: row.schema_version,
  actor: {
    kind: row.actor_kind as z.output<typeof actorSchema>['kind'],
    id: row.actor_id,
  },
  commandId: row.command_id,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  occurredAt: row.occurred_at,
  recordedAt: row.recorded_at,
  activityId: row.activity_id,
  enrollmentId: row.enrollment_id,
  memberId: row.member_id,
  paymentId: row.payment_id,
});

const showWithData = (row: EventRow): z.output<typeof withDataSchema> => ({
  ...show(row),
  data: row.data as Record<string, unknown>,
});

/** Text of a filter: Postgres has none with a zero byte. */
const filter = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !text.includes('\0'), { error: 'expected text without a zero byte' });

const permission = readRoles('auditor', 'admin');
const tag = 'Audit';
const projections = ['audit-events'];

const exampleStream = `activity-${deriveId('act', 'example')}`;
const example: z.input<typeof eventSchema> = {
  ordinal: 12,
  id: '0b9d4a5e-7f43-5c55-9d3c-0a4c6d9c1a77',
  type: 'ActivityPublished',
  stream: exampleStream,
  revision: 1,
  schemaVersion: 1,
  actor: { kind: 'person', id: deriveId('mem', 'example') },
  commandId: '6e0a5f9c-21a4-5b8e-8f56-3c1f0f0f6b11',
  correlationId: '6e0a5f9c-21a4-5b8e-8f56-3c1f0f0f6b11',
  causationId: '6e0a5f9c-21a4-5b8e-8f56-3c1f0f0f6b11',
  occurredAt: '2026-04-01T09:00:00.000Z',
  recordedAt: '2026-04-01T09:00:00.000Z',
  activityId: deriveId('act', 'example'),
  enrollmentId: null,
  memberId: null,
  paymentId: null,
};

/** Filters that are one column compared for equality. */
const columns = {
  type: 't.type',
  stream: 't.stream',
  actorId: 't.actor_id',
  activityId: 't.activity_id',
  enrollmentId: 't.enrollment_id',
  memberId: 't.member_id',
  paymentId: 't.payment_id',
  commandId: 't.command_id',
  correlationId: 't.correlation_id',
} as const;

export const listAuditEvents = defineQuery({
  name: 'list-audit-events',
  summary: 'List the history by filters, in the order of the log',
  description: 'What events say about themselves, without their data. `order=desc`: newest first.',
  tag,
  path: '/v1/audit/events',
  permission,
  params: z.strictObject({}),
  querystring: z.strictObject({
    type: filter.optional(),
    stream: filter.optional(),
    actorId: filter.optional(),
    activityId: idSchema('act').optional(),
    enrollmentId: idSchema('enr').optional(),
    memberId: idSchema('mem').optional(),
    paymentId: idSchema('pay').optional(),
    commandId: filter.optional(),
    correlationId: filter.optional(),
    from: instantInputSchema.optional().meta({ description: 'Recorded at this moment or later' }),
    to: instantInputSchema.optional().meta({ description: 'Recorded before this moment' }),
    order: z.enum(['asc', 'desc']).optional().meta({ description: 'asc unless said otherwise' }),
    limit: limitSchema,
    cursor: cursorSchema('number'),
  }),
  reply: pageSchema(eventSchema),
  example: {
    params: {},
    querystring: { activityId: deriveId('act', 'example'), limit: 50 },
    reply: { items: [example], nextCursor: null },
  },
  projections,
  run: async ({ db }, { query: asked }) => {
    const order = asked.order ?? 'asc';
    let query = from(db, auditEvents)
      .orderBy('t.ordinal', order)
      .limit(asked.limit + 1);
    for (const [name, column] of Object.entries(columns)) {
      const value = asked[name as keyof typeof columns];
      if (value !== undefined) query = query.where(column, '=', value);
    }
    if (asked.from !== undefined) query = query.where('t.recorded_at', '>=', toInstant(asked.from));
    if (asked.to !== undefined) query = query.where('t.recorded_at', '<', toInstant(asked.to));
    if (asked.cursor !== undefined) {
      const [ordinal] = decodeCursor(asked.cursor);
      query = query.where(
        order === 'asc'
          ? sql<boolean>`t.ordinal > ${ordinal}::bigint`
          : sql<boolean>`t.ordinal < ${ordinal}::bigint`,
      );
    }
    return pageOf(await rowsOf(auditEvents, query), asked.limit, show, (row) =>
      encodeCursor(row.ordinal),
    );
  },
});

/** Rows that are folded at a time: a stream may be long. */
const FOLD_CHUNK = 1000;

/** The state after all rows of `asOf`, read by revision in chunks. */
async function foldOf(stream: string, asOf: ReturnType<typeof from>) {
  const fold: StateFold | undefined = stateFold(stream);
  if (fold === undefined) return { state: null, fault: 'no aggregate has streams of this name' };
  for (let last = -1; ; ) {
    const chunk = asOf.where('t.revision', '>', last).orderBy('t.revision').limit(FOLD_CHUNK);
    const rows = await rowsOf(auditEvents, chunk);
    for (const { type, data, revision } of rows) fold.add({ type, data, revision });
    if (rows.length < FOLD_CHUNK) return fold.result();
    last = rows.at(-1)?.revision ?? last;
  }
}

export const getAuditStream = defineQuery({
  name: 'get-audit-stream',
  summary: 'Show the history of one stream with its data, as of a revision or a moment',
  description:
    'All events of the stream up to `revision`, or recorded up to `at`, and the state they lead to: what we knew then, folded as the commands fold it. Personal values are left out. The state stands on the first page.',
  tag,
  path: '/v1/audit/streams/:stream',
  permission,
  params: z.strictObject({ stream: filter }),
  querystring: z.strictObject({
    revision: z.coerce.number().int().min(0).max(2_147_483_647).optional(),
    at: instantInputSchema.optional(),
    limit: limitSchema,
    cursor: cursorSchema('revision'),
  }),
  reply: pageSchema(withDataSchema, {
    stream: z.string(),
    revision: z
      .int()
      .min(0)
      .nullable()
      .meta({ description: 'The newest revision of what was asked for; null: nothing yet then' }),
    state: z.record(z.string(), z.unknown()).nullable().meta({
      description: 'The state at `revision`; null on later pages, and where there was nothing yet',
    }),
    fault: z.string().nullable().meta({
      description:
        'The event that cannot follow the ones before it; `state` is then that before it',
    }),
  }),
  example: {
    params: { stream: exampleStream },
    querystring: { at: '2026-04-02T00:00:00.000Z', limit: 50 },
    reply: {
      stream: exampleStream,
      revision: 1,
      state: { status: 'published', activityId: deriveId('act', 'example') },
      fault: null,
      items: [{ ...example, data: { activityId: deriveId('act', 'example') } }],
      nextCursor: null,
    },
  },
  projections,
  run: async ({ db }, { params: { stream }, query: { revision, at, limit, cursor } }) => {
    const all = from(db, auditEvents).where('t.stream', '=', stream);
    if ((await rowOf(auditEvents, all.limit(1))) === undefined) {
      throw new NotFoundError('There is no such stream.');
    }
    let asOf = all;
    if (revision !== undefined) asOf = asOf.where('t.revision', '<=', revision);
    if (at !== undefined) asOf = asOf.where('t.recorded_at', '<=', toInstant(at));
    const newest = await rowOf(auditEvents, asOf.orderBy('t.revision', 'desc').limit(1));
    const folded =
      newest === undefined || cursor !== undefined
        ? { state: null, fault: null }
        : await foldOf(stream, asOf);
    let page = asOf.orderBy('t.revision').limit(limit + 1);
    if (cursor !== undefined) page = page.where('t.revision', '>', Number(decodeCursor(cursor)[0]));
    return {
      ...pageOf(await rowsOf(auditEvents, page), limit, showWithData, (row) =>
        encodeCursor(row.revision),
      ),
      stream,
      revision: newest?.revision ?? null,
      ...folded,
    };
  },
});

export const auditQueries: readonly QueryDefinition[] = [listAuditEvents, getAuditStream];
