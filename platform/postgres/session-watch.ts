import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { timeLimits } from '../time-limits.ts';

const { probeMs } = timeLimits.session;

/**
 * Whether Postgres still has the session, asked over another connection. Rejects when it cannot be
 * asked either.
 */
export async function holdsSession(url: string, session: pg.Client): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'pawprint session watch',
    connectionTimeoutMillis: probeMs,
    query_timeout: probeMs,
  });
  // What goes wrong after the answer is nobody's trouble; what goes wrong before it is told by it.
  client.on('error', () => undefined);
  const ask = async (): Promise<boolean> => {
    await client.connect();
    const { rows } = await client.query<{ there: boolean }>(
      'select exists (select from pg_stat_activity where pid = $1) as there',
      [processIdOf(session)],
    );
    return rows[0]?.there === true;
  };
  try {
    return await Promise.race([
      ask(),
      delay(probeMs, undefined, { ref: false }).then(() => {
        throw new Error(`Postgres did not say within ${probeMs} ms whether the session is there`);
      }),
    ]);
  } finally {
    client.end().catch(() => undefined);
  }
}

/** What Postgres calls the backend. `pg` keeps it, and does not declare it. */
function processIdOf(session: pg.Client): number {
  const id = 'processID' in session ? session.processID : undefined;
  if (typeof id !== 'number') throw new TypeError('the session was never open');
  return id;
}

/**
 * Waits for an answer. A statement may run long, and a connection whose other end is gone says as
 * little: when it is quiet, somebody asks elsewhere whether the session is there, again and again.
 * `lose` is called when it is not, or when nobody can be asked, or after `silenceMs`.
 */
export async function watched<T>(
  work: Promise<T>,
  limits: { readonly quietMs: number; readonly silenceMs: number },
  isThere: () => Promise<boolean>,
  lose: (cause: unknown) => void,
): Promise<T> {
  let over = false;
  const late = (): void => lose(new Error(`no answer for ${limits.silenceMs} ms`));
  const silence = setTimeout(late, limits.silenceMs);
  let quiet: NodeJS.Timeout | undefined;
  const wait = (): void => {
    quiet = setTimeout(() => void look(), limits.quietMs);
  };
  const look = async (): Promise<void> => {
    const found = await isThere().catch((error: unknown) => error);
    if (over) return;
    if (found === true) wait();
    else lose(found === false ? new Error('Postgres has ended the session') : found);
  };
  wait();
  try {
    return await work;
  } finally {
    over = true;
    clearTimeout(silence);
    clearTimeout(quiet);
  }
}
