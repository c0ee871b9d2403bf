import { randomUUID } from 'node:crypto';
import type { MemberId } from '../../domain/_kernel/ids.ts';
import { type Pool, type PoolClient, transaction } from '../postgres/index.ts';
import { hashOf, isRefreshToken, newRefreshToken, newSeed, successorOf } from './refresh-tokens.ts';

export type EndCause = 'logged-out' | 'token-reused' | 'member-gone' | 'revoked';

export type Rotation =
  | { readonly kind: 'rotated'; readonly session: SessionRef; readonly refreshToken: string }
  /** The token is not known, or its session ended or ran out. */
  | { readonly kind: 'refused' }
  /** It was used before, by somebody else: the session is ended. */
  | { readonly kind: 'reused'; readonly session: SessionRef };

export type SessionRef = { readonly sessionId: string; readonly memberId: MemberId };

export type Sessions = {
  start(memberId: MemberId): Promise<SessionRef & { refreshToken: string; expiresAt: string }>;
  /** Whose token it is, whatever became of it; null when it is not known. */
  find(refreshToken: string): Promise<SessionRef | null>;
  rotate(refreshToken: string): Promise<Rotation>;
  end(sessionId: string, cause: EndCause): Promise<void>;
  /** Ends every session of a member; for a changed password and an erased person. */
  endAllOf(memberId: MemberId, cause: EndCause): Promise<number>;
};

type TokenRow = {
  readonly session_id: string;
  readonly member_id: MemberId;
  readonly expires_at: Date;
  readonly ended_at: Date | null;
  readonly rotated_at: Date | null;
  readonly successor_seed: Buffer | null;
};

/** How long a client whose reply was lost may ask for it again (FAPI 2.0 §5.3.2.1 asks for this). */
const GRACE_MS = 10_000;

/** Sessions as rows. They are no events: nobody will ever ask for the history of a log-in in `$all`. */
export function createSessions(options: {
  pool: Pool;
  days: number;
  clock?: () => Date;
}): Sessions {
  const { pool, days, clock = () => new Date() } = options;

  const rotateLocked = async (client: PoolClient, token: string): Promise<Rotation> => {
    const now = clock();
    const row = await lockToken(client, token);
    if (row === undefined || row.ended_at !== null || row.expires_at <= now)
      return { kind: 'refused' };
    const session = { sessionId: row.session_id, memberId: row.member_id };
    if (row.rotated_at === null) {
      const refreshToken = await replace(client, token, row.session_id, now);
      return { kind: 'rotated', session, refreshToken };
    }
    const successor = await lostReply(client, token, row, now);
    if (successor !== null) return { kind: 'rotated', session, refreshToken: successor };
    await endSession(client, row.session_id, 'token-reused', now);
    return { kind: 'reused', session };
  };

  return {
    async start(memberId) {
      const now = clock();
      const expiresAt = new Date(now.getTime() + days * 86_400_000);
      const session = { sessionId: `ses_${randomUUID().replaceAll('-', '')}`, memberId };
      const refreshToken = newRefreshToken();
      await transaction(pool, async (client) => {
        await forgetOldSessions(client, now);
        await client.query(
          `insert into identity.sessions (session_id, member_id, started_at, expires_at, last_used_at)
           values ($1, $2, $3, $4, $3)`,
          [session.sessionId, memberId, now, expiresAt],
        );
        await insertToken(client, refreshToken, session.sessionId, now);
      });
      return { ...session, refreshToken, expiresAt: expiresAt.toISOString() };
    },
    async find(token) {
      if (!isRefreshToken(token)) return null;
      const { rows } = await pool.query<TokenRow>(
        `select session_id, member_id from identity.refresh_tokens join identity.sessions using (session_id)
         where token_hash = $1`,
        [hashOf(token)],
      );
      const row = rows[0];
      return row === undefined ? null : { sessionId: row.session_id, memberId: row.member_id };
    },
    rotate: (token) => transaction(pool, (client) => rotateLocked(client, token)),
    end: (sessionId, cause) => endSession(pool, sessionId, cause, clock()),
    async endAllOf(memberId, cause) {
      const { rowCount } = await pool.query(
        `update identity.sessions set ended_at = $2, end_cause = $3 where member_id = $1 and ended_at is null`,
        [memberId, clock(), cause],
      );
      return rowCount ?? 0;
    },
  };
}

/** The session's row is locked with the token's: rotations of one family happen one by one. */
async function lockToken(client: PoolClient, token: string): Promise<TokenRow | undefined> {
  if (!isRefreshToken(token)) return undefined;
  const { rows } = await client.query<TokenRow>(
    `select session_id, member_id, expires_at, ended_at, rotated_at, successor_seed
     from identity.refresh_tokens join identity.sessions using (session_id)
     where token_hash = $1 for update`,
    [hashOf(token)],
  );
  return rows[0];
}

async function replace(
  client: PoolClient,
  token: string,
  sessionId: string,
  now: Date,
): Promise<string> {
  const seed = newSeed();
  const successor = successorOf(token, seed);
  await client.query(
    `update identity.refresh_tokens set rotated_at = $2, successor_seed = $3 where token_hash = $1`,
    [hashOf(token), now, seed],
  );
  await insertToken(client, successor, sessionId, now);
  await client.query(`update identity.sessions set last_used_at = $2 where session_id = $1`, [
    sessionId,
    now,
  ]);
  return successor;
}

/**
 * The same successor again, while the grace lasts and nobody has used that successor: whoever did
 * had received it, so no reply was lost and two parties hold this family's tokens.
 */
async function lostReply(
  client: PoolClient,
  token: string,
  row: TokenRow,
  now: Date,
): Promise<string | null> {
  if (row.rotated_at === null || row.successor_seed === null) return null;
  if (now.getTime() - row.rotated_at.getTime() > GRACE_MS) return null;
  const successor = successorOf(token, row.successor_seed);
  const { rows } = await client.query<{ rotated_at: Date | null }>(
    `select rotated_at from identity.refresh_tokens where token_hash = $1`,
    [hashOf(successor)],
  );
  return rows[0]?.rotated_at === null ? successor : null;
}

async function insertToken(
  client: PoolClient,
  token: string,
  sessionId: string,
  now: Date,
): Promise<void> {
  await client.query(
    `insert into identity.refresh_tokens (token_hash, session_id, issued_at) values ($1, $2, $3)`,
    [hashOf(token), sessionId, now],
  );
}

async function endSession(
  client: Pool | PoolClient,
  sessionId: string,
  cause: EndCause,
  now: Date,
): Promise<void> {
  await client.query(
    `update identity.sessions set ended_at = $2, end_cause = $3 where session_id = $1 and ended_at is null`,
    [sessionId, now, cause],
  );
}

/** A few at a time, with each log-in: the table stays small without a job of its own. */
async function forgetOldSessions(client: PoolClient, now: Date): Promise<void> {
  await client.query(
    `delete from identity.sessions where session_id in (
       select session_id from identity.sessions where expires_at < $1
       order by expires_at limit 20 for update skip locked)`,
    [new Date(now.getTime() - 86_400_000)],
  );
}
