import pg from 'pg';
import type { RecordedEvent } from '../core/model.ts';
import { NO_EVENTS } from '../core/model.ts';
import { sessionConfig } from './connection.ts';
import { EVENT_COLUMNS, type EventRow, eventFromRow } from './rows.ts';

export type Direction = 'forwards' | 'backwards';

export type StreamHead = {
  readonly last: bigint;
  /** data of the last event of its metastream */
  readonly metadata: Buffer | undefined;
};

export type LogReader = {
  streamHead(stream: string): Promise<StreamHead>;
  /**
   * Events of a stream with `lowest <= revision <= highest` not older than `oldest`: at most `limit`,
   * and no more once there are some mebibytes, but one if there is one. None means: no more.
   */
  streamPage(page: {
    stream: string;
    lowest: bigint;
    highest: bigint;
    oldest: bigint;
    direction: Direction;
    limit: number;
  }): Promise<RecordedEvent[]>;
  /** Events with `lowest <= position <= highest`, likewise. */
  allPage(page: {
    lowest: bigint;
    highest: bigint;
    direction: Direction;
    limit: number;
  }): Promise<RecordedEvent[]>;
  /**
   * What links point at, with what decides whether it may be seen: that of the first ones, at least
   * of one, until there are some mebibytes.
   */
  linkTargets(targets: readonly { stream: string; revision: bigint }[]): Promise<
    {
      readonly event: RecordedEvent | undefined;
      readonly last: bigint;
      readonly metadata: Buffer | undefined;
    }[]
  >;
  close(): Promise<void>;
};

const order = { forwards: 'asc', backwards: 'desc' } as const;

const HEAD = `
  select
    (select revision from event_store.event where stream = $1 order by revision desc limit 1),
    (select data from event_store.event where stream = $2 order by revision desc limit 1)`;

/** What a page may bring on top of one event, which may be larger: 1,000 rows can be 16 GiB. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** Cuts a page of rows off where it has brought enough. Sizes are known without reading what is large. */
const cutPage = (page: string, by: string, direction: Direction): string => `
  select ${EVENT_COLUMNS} from (
    select page.*, sum(octet_length(data) + octet_length(metadata) + octet_length(type)) over (
      order by ${by} ${order[direction]} rows between unbounded preceding and 1 preceding
    ) as before
    from (${page}) page
  ) sized
  where coalesce(before, 0) < ${PAGE_BYTES}
  order by ${by} ${order[direction]}`;

const streamPageText = (direction: Direction): string =>
  cutPage(
    `select ${EVENT_COLUMNS} from event_store.event
     where stream = $1 and revision >= $2 and revision <= $3 and created >= $4
     order by revision ${order[direction]} limit $5`,
    'revision',
    direction,
  );

const allPageText = (direction: Direction): string =>
  cutPage(
    `select ${EVENT_COLUMNS} from event_store.event
     where position >= $1 and position <= $2
     order by position ${order[direction]} limit $3`,
    'position',
    direction,
  );

/** Targets asked for at once: the metadata of each stream may be a mebibyte. */
const MOST_TARGETS = 128;

const LINK_TARGETS = `
  select
    (select revision from event_store.event h where h.stream = t.stream order by revision desc limit 1),
    (select data from event_store.event m where m.stream = '$$' || t.stream order by revision desc limit 1),
    t.ord::int4, t.matches::int4, ${EVENT_COLUMNS}
  from (
    select w.ord, e.*, count(*) over () as matches,
      sum(octet_length(e.data) + octet_length(e.metadata) + octet_length(e.type)) over (
        order by w.ord rows between unbounded preceding and 1 preceding
      ) as before
    from unnest($1::text[], $2::bigint[]) with ordinality w(stream, revision, ord)
    join event_store.event e on e.stream = w.stream and e.revision = w.revision
  ) t
  where coalesce(t.before, 0) < ${PAGE_BYTES}
  order by t.ord`;

type TargetRow = [
  last: bigint,
  metadata: Buffer | null,
  ord: number,
  matches: number,
  ...event: EventRow,
];

/** Reads of the log: a few sessions of their own, never the writer's. */
export const openLogReader = (
  databaseUrl: string,
  onIdleError: (error: Error) => void,
): LogReader => {
  const pool = new pg.Pool({
    ...sessionConfig(databaseUrl, 'reader'),
    max: 6,
    idleTimeoutMillis: 30_000,
  });
  pool.on('error', onIdleError);

  const rows = async <R extends unknown[]>(
    name: string,
    text: string,
    values: unknown[],
  ): Promise<R[]> => {
    const query = { name, text, values, rowMode: 'array' as const };
    const result = await pool.query<R>(query);
    return result.rows;
  };

  return {
    async streamHead(stream) {
      const [row] = await rows<[bigint | null, Buffer | null]>('head', HEAD, [
        stream,
        `$$${stream}`,
      ]);
      return { last: row?.[0] ?? NO_EVENTS, metadata: row?.[1] ?? undefined };
    },
    async streamPage({ stream, lowest, highest, oldest, direction, limit }) {
      const found = await rows<EventRow>(`stream-${direction}`, streamPageText(direction), [
        stream,
        lowest,
        highest,
        oldest,
        limit,
      ]);
      return found.map(eventFromRow);
    },
    async allPage({ lowest, highest, direction, limit }) {
      const found = await rows<EventRow>(`all-${direction}`, allPageText(direction), [
        lowest,
        highest,
        limit,
      ]);
      return found.map(eventFromRow);
    },
    async linkTargets(all) {
      const targets = all.slice(0, MOST_TARGETS);
      const found = await rows<TargetRow>('link-targets', LINK_TARGETS, [
        targets.map((target) => target.stream),
        targets.map((target) => target.revision),
      ]);
      const byOrdinal = new Map(
        found.map(([last, metadata, ord, _matches, ...event]) => [
          ord,
          { last, metadata: metadata ?? undefined, event: eventFromRow(event) },
        ]),
      );
      const [, , ord, matches] = found.at(-1) ?? [0n, null, 0, 0];
      // Cut off after the last one that came, unless all came that there are.
      const answered = found.length < matches ? targets.slice(0, ord) : targets;
      return answered.map(
        (_target, index) =>
          byOrdinal.get(index + 1) ?? { event: undefined, last: NO_EVENTS, metadata: undefined },
      );
    },
    close: () => pool.end(),
  };
};
