import pg from 'pg';
import { TOMBSTONE, TOMBSTONE_TYPE } from '../core/model.ts';
import { sessionConfig } from '../log/connection.ts';
import { EVENT_COLUMNS, type EventRow } from '../log/rows.ts';
import { schemaVersion, supportedSchemaVersion } from '../log/schema.ts';
import type { Place } from './damage.ts';

/** There is nothing here that could be verified. */
export class NoLogError extends Error {
  override readonly name = 'NoLogError';
}

/** A row and the one before it in its stream, where the two do not fit together. */
export type Misfit = { readonly previous: Place | undefined; readonly event: Place };
export type StreamKey = { readonly stream: string; readonly revision: bigint };

/** The log as it was at one moment, however long it is looked at. Never writes, never locks. */
export type Snapshot = {
  /** Of the last event; 0 for an empty log. */
  readonly head: bigint;
  eventsAfter(position: bigint | undefined, limit: number): Promise<readonly EventRow[]>;
  /**
   * The next rows by (stream, revision): those that do not follow the row before, how many rows and
   * beginnings of streams were looked at, and the last key, to go on from; null at the end.
   */
  revisionsAfter(
    key: StreamKey | undefined,
    limit: number,
  ): Promise<{
    readonly misfits: readonly Misfit[];
    readonly rows: number;
    readonly streams: number;
    readonly metastreams: number;
    readonly last: StreamKey | null;
  }>;
  close(): Promise<void>;
};

const EVENTS = `
  select ${EVENT_COLUMNS} from event_store.event
  where position > coalesce($1::bigint, -9223372036854775808) order by position limit $2`;

/**
 * The page begins one row early, so that its first row is seen with the one before it. A tombstone
 * has the largest revision of all and may follow any.
 */
const REVISIONS = `
  with page as materialized (
    select stream, revision, position, type from event_store.event
    where (stream, revision) >= ($1::text, $2::bigint)
    order by stream, revision limit $3
  ), pairs as (
    select stream, revision, position, type, row_number() over w as at,
      lag(stream) over w as before_stream, lag(revision) over w as before_revision,
      lag(position) over w as before_position, lag(type) over w as before_type
    from page window w as (order by stream, revision)
  ), counted as (
    select count(*) as all_rows,
      count(*) filter (where at > $4::bigint and before_stream is distinct from stream) as streams,
      count(*) filter (where at > $4::bigint and before_stream is distinct from stream
        and left(stream, 2) = '$$') as metastreams
    from pairs
  ), misfits as (
    select * from pairs where at > $4::bigint and (
      (before_stream is distinct from stream and revision not in (0, ${TOMBSTONE}))
      or (before_stream = stream and revision <> ${TOMBSTONE} and revision <> before_revision + 1)
      or (before_stream = stream and position <= before_position)
      or (revision = ${TOMBSTONE} and type <> '${TOMBSTONE_TYPE}')
    )
  )
  select c.all_rows, c.streams, c.metastreams, l.stream, l.revision,
    m.stream, m.revision, m.position, m.type,
    m.before_stream, m.before_revision, m.before_position, m.before_type
  from counted c
  left join (select stream, revision from page order by stream desc, revision desc limit 1) l on true
  left join misfits m on true
  order by m.at`;

type RevisionsRow = [
  ...counts: [rows: bigint, streams: bigint, metastreams: bigint],
  ...last: [stream: string | null, revision: bigint],
  ...event: [stream: string | null, revision: bigint, position: bigint, type: string],
  ...before: [stream: string | null, revision: bigint, position: bigint, type: string],
];

const misfitIn = (row: RevisionsRow): Misfit[] => {
  const [, , , , , stream, revision, position, type, before, ...previous] = row;
  if (stream === null) return [];
  const event = { stream, revision, position, type };
  if (before !== stream) return [{ previous: undefined, event }];
  const [beforeRevision, beforePosition, beforeType] = previous;
  const found = { revision: beforeRevision, position: beforePosition, type: beforeType };
  return [{ previous: { stream, ...found }, event }];
};

/** Opens a read-only session; a node may work on the same database meanwhile. */
export const openSnapshot = async (databaseUrl: string): Promise<Snapshot> => {
  const client = new pg.Client(sessionConfig(databaseUrl, 'reader'));
  // A broken connection fails the query that runs, which is where it is told.
  client.on('error', () => undefined);
  const rows = async <R extends unknown[]>(
    name: string,
    text: string,
    values: unknown[],
  ): Promise<R[]> => (await client.query<R>({ name, text, values, rowMode: 'array' })).rows;
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const version = await schemaVersion(client);
    if (version === 0) throw new NoLogError('there is no event log in this database');
    if (version > supportedSchemaVersion) {
      const known = `schema version ${version}, this program knows ${supportedSchemaVersion}`;
      throw new NoLogError(`the event log has ${known}: use a newer one`);
    }
    const [last] = await rows<[bigint]>(
      'head',
      'select position from event_store.event order by position desc limit 1',
      [],
    );
    return {
      head: last?.[0] ?? 0n,
      eventsAfter: (position, limit) => rows<EventRow>('events', EVENTS, [position, limit]),
      async revisionsAfter(key, limit) {
        const overlap = key === undefined ? 0 : 1;
        const found = await rows<RevisionsRow>('revisions', REVISIONS, [
          key?.stream ?? '',
          key?.revision ?? 0n,
          limit + overlap,
          overlap,
        ]);
        const [all = 0n, streams = 0n, metastreams = 0n, stream = null, revision = 0n] =
          found[0] ?? [];
        const seen = Number(all) - overlap;
        return {
          misfits: found.flatMap(misfitIn),
          rows: seen,
          streams: Number(streams),
          metastreams: Number(metastreams),
          last: stream === null || seen < limit ? null : { stream, revision },
        };
      },
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw error;
  }
};
