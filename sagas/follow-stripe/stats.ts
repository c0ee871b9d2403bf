import type { Database } from '../../platform/postgres/index.ts';

export type InboxStats = {
  readonly pending: number;
  readonly oldestSeconds: number;
  /** Given up on: somebody has to look. */
  readonly dead: number;
};

/** Webhooks that were stored and not followed yet. */
export async function inboxStats(pool: Database): Promise<InboxStats> {
  const { rows } = await pool.query<InboxStats>(
    `select count(*)::int as pending,
            coalesce(extract(epoch from clock_timestamp() - min(received_at)), 0)::float8 as "oldestSeconds",
            (select count(*)::int from stripe.inbox where status = 'dead') as dead
       from stripe.inbox where status = 'pending'`,
  );
  return rows[0] ?? { pending: 0, oldestSeconds: 0, dead: 0 };
}

/** How long ago Stripe's statement was last read to its end, in seconds; null: never. */
export async function statementAge(pool: Database): Promise<number | null> {
  const { rows } = await pool.query<{ age: number | null }>(
    `select extract(epoch from clock_timestamp() - min(swept_at))::float8 as age
       from stripe.statement_cursor`,
  );
  return rows[0]?.age ?? null;
}
