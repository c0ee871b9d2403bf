import type pg from 'pg';
import type { FollowerStates } from '../core/follower.ts';
import { isRefusal } from './connection.ts';

export const NO_MOVES: FollowerStates = new Map();

const MOVE = `
  insert into event_store.follower (name, enabled, position)
  select * from unnest($1::text[], $2::boolean[], $3::bigint[])
  on conflict (name) do update set enabled = excluded.enabled, position = excluded.position`;

export const readFollowers = async (client: pg.Client): Promise<FollowerStates> => {
  const found = await client.query<[string, boolean, bigint]>({
    text: 'select name, enabled, position from event_store.follower',
    rowMode: 'array',
  });
  return new Map(
    found.rows.map(([name, enabled, position]) => [name, { enabled, position }] as const),
  );
};

/**
 * Writes events and, in the same transaction, where followers stand after it. Without followers the
 * one statement of `write` is its own transaction, which saves the round trips of this one.
 */
export const withMoves = async (
  client: pg.Client,
  moved: FollowerStates,
  write: () => Promise<void>,
): Promise<void> => {
  if (moved.size === 0) {
    await write();
    return;
  }
  const states = [...moved.values()];
  await client.query('begin');
  try {
    await client.query({
      name: 'move-followers',
      text: MOVE,
      values: [
        [...moved.keys()],
        states.map(({ enabled }) => enabled),
        states.map(({ position }) => position),
      ],
    });
    await write();
    await client.query('commit');
  } catch (error) {
    // A session that broke takes its transaction with it; one that goes on must leave it.
    if (isRefusal(error)) await client.query('rollback');
    throw error;
  }
};
