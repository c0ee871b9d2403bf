import pg from 'pg';
import type { FollowerStates } from '../core/follower.ts';
import type { RecordedEvent } from '../core/model.ts';
import { NO_EVENTS } from '../core/model.ts';
import type { StreamState, WrittenId } from '../core/stream-state.ts';
import { sessionConfig } from './connection.ts';
import { copyEvents } from './copy.ts';
import { NO_MOVES, readFollowers, withMoves } from './followers.ts';
import { takeLock } from './lock.ts';
import { migrate } from './schema.ts';

export type StreamSnapshot = { readonly stream: string; readonly state: StreamState };

/**
 * The one session that writes. It holds the lock of the log, so whoever can write is the only node,
 * and a lost session cannot write any more: its lock is free only once its last transaction ended.
 */
export type WriterSession = {
  /** Aborts when the connection is gone. */
  readonly lost: AbortSignal;
  readonly backendPid: number;
  lastPosition(): Promise<bigint>;
  states(streams: readonly string[]): Promise<StreamSnapshot[]>;
  ids(wanted: readonly { stream: string; revision: bigint }[]): Promise<(WrittenId | undefined)[]>;
  /** id at a position: how an open outcome is found out */
  idAt(position: bigint): Promise<string | undefined>;
  /** One commit: all of the events and moves of followers, or none. */
  insert(events: readonly RecordedEvent[], moved?: FollowerStates): Promise<void>;
  /** Every follower that was ever switched on. */
  followers(): Promise<FollowerStates>;
  ping(): Promise<void>;
  close(): Promise<void>;
};

const STATES = `
  select n.name, e.revision, e.id, e.position, case when left(n.name, 2) = '$$' then e.data end
  from unnest($1::text[]) n(name)
  cross join lateral (
    select revision, id, position, data from event_store.event
    where stream = n.name order by revision desc limit 1
  ) e`;

const IDS = `
  select w.ord::int4, e.id, e.position
  from unnest($1::text[], $2::bigint[]) with ordinality w(stream, revision, ord)
  join event_store.event e on e.stream = w.stream and e.revision = w.revision`;

/** Array of things that need no quoting. */
const plainArray = (values: readonly unknown[]): string => `{${values.join(',')}}`;

/**
 * Connects, takes the lock of the log and brings the schema up to date.
 * `former` is the backend this node wrote with before: when the network swallowed that connection,
 * Postgres may keep it (and the lock) for hours, so it is ended.
 */
export const openWriterSession = async (
  databaseUrl: string,
  lockWaitMs: number,
  former?: number,
): Promise<WriterSession> => {
  const client = new pg.Client(sessionConfig(databaseUrl, 'writer'));
  const lost = new AbortController();
  // A broken connection also fails the query that is running; here it must only not be unhandled.
  client.on('error', (error) => lost.abort(error));
  client.on('end', () => lost.abort(new Error('the connection to Postgres has ended')));

  const rows = async <R extends unknown[]>(
    name: string,
    text: string,
    values: unknown[],
  ): Promise<R[]> => {
    const query = { name, text, values, rowMode: 'array' as const };
    return (await client.query<R>(query)).rows;
  };

  try {
    await client.connect();
    if (former !== undefined) {
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where pid = $1 and application_name = current_setting('application_name')`,
        [former],
      );
    }
    await takeLock(client, lockWaitMs);
    await migrate(client);
    const [pid] = await rows<[number]>('pid', 'select pg_backend_pid()', []);
    return {
      lost: lost.signal,
      backendPid: pid?.[0] ?? 0,
      async lastPosition() {
        const [row] = await rows<[bigint]>(
          'last',
          'select position from event_store.event order by position desc limit 1',
          [],
        );
        return row?.[0] ?? 0n;
      },
      async states(streams) {
        const found = await rows<[string, bigint, string, bigint, Buffer | null]>(
          'states',
          STATES,
          [streams],
        );
        const known = new Map<string, StreamState>();
        for (const [stream, last, id, position, metadata] of found) {
          const state: StreamState = { last, recent: [{ id, position }] };
          known.set(stream, metadata === null ? state : { ...state, metadata });
        }
        return streams.map((stream) => ({
          stream,
          state: known.get(stream) ?? { last: NO_EVENTS, recent: [] },
        }));
      },
      async ids(wanted) {
        const found = await rows<[number, string, bigint]>('ids', IDS, [
          wanted.map((one) => one.stream),
          plainArray(wanted.map((one) => one.revision)),
        ]);
        const result: (WrittenId | undefined)[] = wanted.map(() => undefined);
        for (const [ord, id, position] of found) result[ord - 1] = { id, position };
        return result;
      },
      async idAt(position) {
        const [row] = await rows<[string]>(
          'id-at',
          'select id from event_store.event where position = $1',
          [position],
        );
        return row?.[0];
      },
      insert: (events, moved = NO_MOVES) =>
        withMoves(client, moved, async () => {
          if (events.length > 0) await copyEvents(client, events);
        }),
      followers: () => readFollowers(client),
      async ping() {
        await client.query('select 1');
      },
      close: () => client.end(),
    };
  } catch (error) {
    // Best effort: the error that matters is the one above.
    await client.end().catch(() => undefined);
    throw error;
  }
};
