import { z } from 'zod';
import { catalogue } from '../../domain/_catalogue.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { ProjectionDefinition } from '../_runtime/definition.ts';
import { type Cause, createExplainer } from '../_runtime/explain.ts';
import {
  cursorSchema,
  decodeCursor,
  encodeCursor,
  limitSchema,
  pageOf,
  pageSchema,
} from '../_runtime/paging.ts';
import {
  defineQuery,
  NotFoundError,
  type QueryDefinition,
  type ReadDatabase,
  readRoles,
} from '../_runtime/query.ts';
import { from, replyInstant, rowsOf } from '../_runtime/read.ts';
import type { RowOf } from '../_runtime/table.ts';
import { replacePersonal } from './reduce.ts';
import { auditEvents } from './table.ts';

/** Columns of the audit trail that hold an id of this prefix wherever an event concerns it. */
const columnOf: Readonly<Record<string, string>> = {
  act: 't.activity_id',
  enr: 't.enrollment_id',
  mem: 't.member_id',
  pay: 't.payment_id',
};

/** Rows that are folded at a time: a key may have many events. */
const CHUNK = 1000;

const touchSchema = z.strictObject({
  table: z.string(),
  key: z.record(z.string(), z.unknown()).meta({ description: 'Which row, by its key columns' }),
  what: z.enum(['made', 'changed', 'removed']),
  columns: z.array(z.string()).meta({ description: 'Columns that have another value since then' }),
});

const causeSchema = z.strictObject({
  ordinal: z.int().min(1).meta({ description: 'Place in the log, counted from 1' }),
  id: z.uuid(),
  type: z.string(),
  stream: z.string(),
  revision: z.int().min(0),
  recordedAt: replyInstant,
  touched: z.array(touchSchema).meta({ description: 'Empty: it changed nothing' }),
  fault: z.string().nullable().meta({ description: 'Why it could not be applied' }),
});

const show = ({ event, touched, fault }: Cause): z.output<typeof causeSchema> => ({
  ordinal: event.ordinal,
  id: event.id,
  ...{ type: event.type, stream: event.stream, revision: event.revision },
  recordedAt: event.metadata.recordedAt,
  touched: touched.map(({ table, key, what, columns }) => ({
    ...{ table, key: { ...key }, what, columns: [...columns] },
  })),
  fault,
});

const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((value) => !value.includes('\0'), { error: 'expected text without a zero byte' });

const enrollmentId = deriveId('enr', 'example');

/** Handed the read models: they are listed beside this query. */
export const lineageQueries = (
  projections: readonly ProjectionDefinition[],
): readonly QueryDefinition[] => [
  defineQuery({
    name: 'get-audit-lineage',
    summary: 'Show which events made the rows of a read model',
    description:
      'Every event of one key of a read model (an enrollment, an activity, a payment, …), in the order of the log, and which rows and columns each one made, changed or removed; folded with the reducers that wrote the tables. Values are not told. An event that changed nothing but a personal value reads as one that changed nothing.',
    tag: 'Audit',
    path: '/v1/audit/lineage/:projection/:key',
    permission: readRoles('auditor', 'admin'),
    params: z.strictObject({
      projection: text(100).meta({ description: 'The read model' }),
      key: text(200).meta({ description: 'Whose rows: `enr_…`, `act_…`, `pay_…`' }),
    }),
    querystring: z.strictObject({ limit: limitSchema, cursor: cursorSchema('number') }),
    reply: pageSchema(causeSchema, {
      projection: z.string(),
      version: z.int().min(1),
      key: z.string(),
    }),
    example: {
      params: { projection: 'enrollments', key: enrollmentId },
      querystring: { limit: 50 },
      reply: {
        ...{ projection: 'enrollments', version: 1, key: enrollmentId, nextCursor: null },
        items: [
          {
            ...{ ordinal: 12, id: '0b9d4a5e-7f43-5c55-9d3c-0a4c6d9c1a77', revision: 4 },
            ...{ type: 'EnrollmentConfirmed', stream: `enrollment-${enrollmentId}`, fault: null },
            recordedAt: '2026-04-01T09:00:00.000Z',
            touched: [
              {
                ...{ table: 'enrollments', key: { enrollment_id: enrollmentId } },
                ...{ what: 'changed', columns: ['status', 'revision'] },
              },
            ],
          },
        ],
      },
    },
    projections: ['audit-events'],
    run: async ({ db }, { params: { projection, key }, query: { limit, cursor } }) => {
      const definition = projections.find(({ name }) => name === projection);
      if (definition === undefined) {
        const names = projections.map(({ name }) => name).join(', ');
        throw new NotFoundError(`There is no such read model: there are ${names}.`);
      }
      const after = cursor === undefined ? 0 : Number(decodeCursor(cursor)[0]);
      const found = await causesOf(db, definition, key, { after, limit: limit + 1 });
      if (found.events === 0) {
        throw new NotFoundError(`No event of ${projection} has this key.`);
      }
      return {
        ...pageOf(found.causes, limit, show, ({ event }) => encodeCursor(event.ordinal)),
        ...{ projection, version: definition.version, key },
      };
    },
  }),
];

/** The causes of a page. All before it are folded too: what a column was depends on them. */
async function causesOf(
  db: ReadDatabase,
  definition: ProjectionDefinition,
  key: string,
  page: { readonly after: number; readonly limit: number },
): Promise<{ readonly causes: readonly Cause[]; readonly events: number }> {
  const explainer = createExplainer(definition, key);
  const causes: Cause[] = [];
  let events = 0;
  for (let last = 0; ; ) {
    const rows = await rowsOf(
      auditEvents,
      about(db, definition, key).where('t.ordinal', '>', last).orderBy('t.ordinal').limit(CHUNK),
    );
    for (const row of rows) {
      const cause = explainer.add(deliveredOf(row));
      if (cause === null) continue;
      events += 1;
      if (row.ordinal > page.after) causes.push(cause);
      if (causes.length === page.limit) return { causes, events };
    }
    if (rows.length < CHUNK) return { causes, events };
    last = rows.at(-1)?.ordinal ?? last;
  }
}

/** Every event that may have the key: by the column that holds such ids, or by the key's own stream. */
function about(db: ReadDatabase, { categories }: ProjectionDefinition, key: string) {
  const rows = from(db, auditEvents);
  const column = columnOf[key.slice(0, key.indexOf('_'))];
  if (column !== undefined) return rows.where(column, '=', key);
  return rows.where('t.stream', 'in', [key, ...categories.map((name) => `${name}-${key}`)]);
}

/** An event of the trail as reducers get it; of personal values they see as much as after an erasure. */
function deliveredOf(row: RowOf<typeof auditEvents>): DeliveredEvent {
  const fields = catalogue.types.get(row.type)?.personal ?? [];
  const data = row.data as Readonly<Record<string, unknown>>;
  return {
    ...{ id: row.event_id, type: row.type, stream: row.stream, revision: row.revision },
    ...{ ordinal: row.ordinal, position: BigInt(row.ordinal), poison: null },
    data: replacePersonal(data, fields, null),
    metadata: {
      commandId: row.command_id,
      inputHash: '',
      $correlationId: row.correlation_id,
      $causationId: row.causation_id,
      actor: { kind: row.actor_kind, id: row.actor_id } as DeliveredEvent['metadata']['actor'],
      occurredAt: row.occurred_at,
      recordedAt: row.recorded_at,
      schemaVersion: row.schema_version,
    },
  };
}
