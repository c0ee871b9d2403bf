import pg from 'pg';

/**
 * What every role of a cluster may do unless it is forbidden, and an analyst needs none of: large
 * objects can be written, advisory locks are what holds a projection together, and a notice would
 * be taken for one of ours. (`notify` without the function needs no right; it is a guard, no wall.)
 */
const functions = ['lo\\_%', 'pg\\_advisory%', 'pg\\_try\\_advisory%', 'pg\\_notify'];

/**
 * Closes a database to everybody but its owner. Whoever else is to come in is let in by name. The
 * superuser, as whom the platform itself connects, is not held up by any of it.
 */
export async function sealDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ statement: string }>(
      // Two that do the same at the same time would get in each other's way.
      `select 'select pg_advisory_xact_lock(hashtext(''seal''))' as statement
       union all
       select format('revoke all on database %I from public', current_database())
       union all select 'revoke all on schema public from public'
       union all
       select format('revoke execute on function %s from public', oid::regprocedure) from pg_proc
       where pronamespace = 'pg_catalog'::regnamespace and proname like any ($1)
         and has_function_privilege('public', oid, 'execute')`,
      [functions],
    );
    await client.query(rows.map(({ statement }) => statement).join(';\n'));
  } finally {
    await client.end();
  }
}
