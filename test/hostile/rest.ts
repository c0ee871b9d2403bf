import pg from 'pg';
import { until } from '../../embedded/demo/client/wait.ts';

/** What is still to come of what was done, each looked for in the database that has its table. */
const moving: readonly { what: string; table: string; sql: string }[] = [
  {
    what: 'outbox rows of sagas wait or run',
    table: 'saga.outbox',
    sql: `select count(*)::int as n from saga.outbox where status in ('pending', 'leased')`,
  },
  {
    what: 'timers of sagas are due',
    table: 'saga.timers',
    sql: `select count(*)::int as n from saga.timers where status = 'pending' and due_at <= now()`,
  },
  {
    what: 'webhooks wait to be delivered',
    table: 'stripe_sandbox.deliveries',
    sql: `select count(*)::int as n from stripe_sandbox.deliveries where status = 'pending'`,
  },
  {
    what: 'webhooks wait to be followed',
    table: 'stripe.inbox',
    sql: `select count(*)::int as n from stripe.inbox where status = 'pending'`,
  },
  {
    what: 'sagas are behind the log',
    table: 'saga.checkpoints',
    sql: 'select count(*)::int as n from saga.checkpoints where position < $1',
  },
  {
    what: 'read models are behind the log',
    table: 'projection.checkpoints',
    sql: `select count(*)::int as n from projection.checkpoints
            join projection.versions using (projection, version)
           where live and (seen is null or seen < $1)`,
  },
];

type Database = { readonly name: string; readonly client: pg.Client };

/** The databases of a cluster by name, connected for as long as the work takes. */
export async function withDatabases<T>(
  databaseUrl: string,
  work: (databases: readonly Database[]) => Promise<T>,
): Promise<T> {
  const open: Database[] = [];
  const connect = async (name: string): Promise<Database> => {
    const url = new URL(databaseUrl);
    url.pathname = `/${name}`;
    const database = { name, client: new pg.Client({ connectionString: url.href }) };
    await database.client.connect();
    open.push(database);
    return database;
  };
  try {
    const { client } = await connect('postgres');
    const { rows } = await client.query<{ datname: string }>(
      `SELECT datname FROM pg_database
        WHERE NOT datistemplate AND datallowconn AND datname <> 'postgres' ORDER BY datname`,
    );
    for (const { datname } of rows) await connect(datname);
    return await work(open);
  } finally {
    await Promise.all(open.map(({ client }) => client.end()));
  }
}

async function has({ client }: Database, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    'select to_regclass($1) is not null as there',
    [table],
  );
  return rows[0]?.there ?? false;
}

/** Position of the last event of ours; 0: none. */
async function headOf(databases: readonly Database[]): Promise<string> {
  for (const database of databases) {
    if (!(await has(database, 'event_store.event'))) continue;
    const { rows } = await database.client.query<{ head: string }>(
      `select coalesce(max(position), 0)::text as head from event_store.event
        where stream not like '$%'`,
    );
    return rows[0]?.head ?? '0';
  }
  throw new Error('no database has the log');
}

/** As sentences; empty: at rest. */
export async function whatMoves(databases: readonly Database[]): Promise<string[]> {
  const head = await headOf(databases);
  const found: string[] = [];
  for (const { what, table, sql } of moving) {
    for (const database of databases) {
      if (!(await has(database, table))) continue;
      const values = sql.includes('$1') ? [head] : [];
      const { rows } = await database.client.query<{ n: number }>(sql, values);
      const n = rows[0]?.n ?? 0;
      if (n > 0) found.push(`${n} ${what}`);
    }
  }
  return found;
}

/** Until nothing follows any more from what was done; what still does stands in the error. */
export async function untilAtRest(
  databases: readonly Database[],
  patienceMs = 60_000,
): Promise<void> {
  const ask = () => whatMoves(databases);
  await until('the platform at rest', ask, (moves) => moves.length === 0, patienceMs);
}

/**
 * Calls off every timer that is still to fire (holds that end, payments that are looked up again):
 * they are of what was taken, minutes ago, and would leave rows between two counts of what refused
 * requests leave. What a refused request sets is a new row.
 */
export async function callOffTimers(databaseUrl: string): Promise<void> {
  await withDatabases(databaseUrl, async (databases) => {
    await untilAtRest(databases);
    for (const database of databases) {
      if (!(await has(database, 'saga.timers'))) continue;
      await database.client.query(
        `update saga.timers set status = 'cancelled' where status = 'pending'`,
      );
    }
  });
}
