import pg from 'pg';
import type { Logger } from '../log/index.ts';
import { type Pool, type PoolClient, transaction } from './index.ts';
import { scramVerifier } from './scram.ts';

const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * What a session of the role starts with. They are guards against mistakes: whoever means to can
 * change them in the own session, which gives no right the role has not.
 */
const settings: readonly { name: string; value: string; since?: number }[] = [
  { name: 'default_transaction_read_only', value: 'on' },
  { name: 'statement_timeout', value: '60s' },
  { name: 'lock_timeout', value: '5s' },
  { name: 'idle_in_transaction_session_timeout', value: '60s' },
  // An open transaction keeps a switch of versions waiting, however busy it is.
  { name: 'transaction_timeout', value: '5min', since: 170_000 },
];

/** Analysts and their tools together; the platform needs the rest. */
const CONNECTIONS = 10;

type Server = { readonly database: string; readonly version: number };

export type ReadOnlyRole = {
  readonly name: string;
  /** Null: nobody logs in as it; it is granted to people's own roles. */
  readonly password: string | null;
  /** Where names without a schema are looked up. */
  readonly searchPath: string;
};

/**
 * Makes a role that reads, with time-outs, and lets it into this database; what it may read is
 * granted by whoever owns that. Repeating it changes nothing. Where our user may not make roles, as
 * with many managed databases, the log says what somebody who may has to do, and all goes on.
 */
export async function ensureReadOnlyRole(
  pool: Pool,
  role: ReadOnlyRole,
  log: Logger,
): Promise<'ready' | 'not allowed'> {
  const { rows } = await pool.query<Server>(
    `select current_database() as database, current_setting('server_version_num')::int as version`,
  );
  const [server] = rows;
  if (server === undefined) throw new RangeError('Postgres did not say what it is');
  try {
    await transaction(pool, async (client) => {
      await client.query("select pg_advisory_xact_lock(hashtextextended('pawprint roles', 7))");
      await create(client, role.name);
      await client.query(statementsOf(role, server).join(';\n'));
    });
    return 'ready';
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== INSUFFICIENT_PRIVILEGE) throw error;
    await sayWhatToDo(pool, { role, server, reason: error.message, log });
    return 'not allowed';
  }
}

async function sayWhatToDo(
  pool: Pool,
  told: { role: ReadOnlyRole; server: Server; reason: string; log: Logger },
): Promise<void> {
  const { role, server, reason, log } = told;
  const found = await pool.query('select from pg_roles where rolname = $1', [role.name]);
  if (found.rowCount === 1) {
    log.info(
      { role: role.name, reason },
      'the role of analysts is there; its settings are for whoever made it',
    );
    return;
  }
  const statements = [
    `create role ${pg.escapeIdentifier(role.name)}`,
    ...statementsOf({ ...role, password: null }, server),
  ];
  log.warn(
    { role: role.name, reason, statements },
    'our database user may not make the role of analysts: the views are there; a database administrator runs these statements once, then restart',
  );
}

async function create(client: PoolClient, name: string): Promise<void> {
  const found = await client.query('select from pg_roles where rolname = $1', [name]);
  if (found.rowCount === 0) await client.query(`create role ${pg.escapeIdentifier(name)}`);
}

function statementsOf({ name, password, searchPath }: ReadOnlyRole, server: Server): string[] {
  const role = pg.escapeIdentifier(name);
  const login =
    password === null ? 'nologin' : `login password ${pg.escapeLiteral(scramVerifier(password))}`;
  return [
    `alter role ${role} ${login} connection limit ${CONNECTIONS}`,
    `alter role ${role} set search_path = ${pg.escapeIdentifier(searchPath)}`,
    ...settings
      .filter(({ since = 0 }) => server.version >= since)
      .map(
        (setting) => `alter role ${role} set ${setting.name} = ${pg.escapeLiteral(setting.value)}`,
      ),
    `grant connect on database ${pg.escapeIdentifier(server.database)} to ${role}`,
  ];
}
