import { createHash, randomBytes } from 'node:crypto';
import type { MemberId } from '../../domain/_kernel/ids.ts';
import { type BucketLimit, createTokenBuckets } from '../http/token-buckets.ts';
import type { Logger } from '../log/index.ts';
import { migrate, type Pool } from '../postgres/index.ts';
import { counter } from '../telemetry/index.ts';
import type { AccessClaims, AccessTokens } from './access-tokens.ts';
import { normaliseEmail } from './email.ts';
import { identityMigrations } from './migrations.ts';
import type { Passwords } from './passwords.ts';
import { createSessions, type SessionRef } from './sessions.ts';
import type { Jwks } from './signing-key.ts';

export type Credentials = {
  readonly memberId: MemberId;
  /** Null where none was set, or where the person was erased: nobody can log in then. */
  readonly passwordHash: string | null;
  readonly roles: readonly string[];
};

/** What identity asks about members; commands/ answers it out of the log. */
export type MemberDirectory = {
  /** By normalised e-mail address. */
  findCredentials(email: string): Promise<Credentials | null>;
  /** The roles of today; null: the member is gone. */
  rolesOf(memberId: MemberId): Promise<readonly string[] | null>;
};

export type SessionReply = {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds the access token is good for. */
  readonly expiresIn: number;
  readonly memberId: MemberId;
  readonly roles: readonly string[];
};

/** One error for an unknown address and a wrong password, in the same time (ASVS 6.3.8). */
export class InvalidCredentialsError extends Error {
  override readonly name = 'InvalidCredentialsError';
}

/**
 * Too many failed log-ins from one place or on one e-mail address; a right password is not tried
 * either.
 */
export class TooManyAttemptsError extends Error {
  override readonly name = 'TooManyAttemptsError';
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super('Too many failed log-ins.');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The refresh token opens no session: it never did, was used before, or the session ended. */
export class InvalidRefreshTokenError extends Error {
  override readonly name = 'InvalidRefreshTokenError';
}

export type Identity = {
  logIn(input: { email: string; password: string; address: string }): Promise<SessionReply>;
  refresh(refreshToken: string): Promise<SessionReply>;
  /** Ends the session of a refresh token. An unknown one is no error: it is ended already. */
  logOut(refreshToken: string): Promise<void>;
  endAllSessionsOf(memberId: MemberId): Promise<number>;
  verify(accessToken: string): Promise<AccessClaims>;
  readonly jwks: Jwks;
};

export type LoginLimits = {
  /** Failed log-ins of one address (IP) on one e-mail address. */
  readonly perPair: BucketLimit;
  /** Failed log-ins on one e-mail address from everywhere. */
  readonly perEmail: BucketLimit;
};

export const defaultLoginLimits: LoginLimits = {
  perPair: { burst: 10, perSecond: 1 / 30 },
  perEmail: { burst: 100, perSecond: 1 / 30 },
};

/**
 * Migrates its schema first. Its limits count in this process; sessions are rows and shared by all.
 */
export async function openIdentity(options: {
  pool: Pool;
  tokens: AccessTokens;
  passwords: Passwords;
  members: MemberDirectory;
  refreshTokenDays: number;
  log: Logger;
  limits?: LoginLimits;
  clock?: () => Date;
}): Promise<Identity> {
  const { pool, tokens, passwords, members, log, limits = defaultLoginLimits } = options;
  await migrate(pool, { schema: 'identity', migrations: identityMigrations });
  const sessions = createSessions({
    pool,
    days: options.refreshTokenDays,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  const attempts = createAttempts(limits);
  // Somebody unknown is compared with this, so that both answers cost one Argon2.
  const nobodysHash = await passwords.hash(randomBytes(16).toString('base64'));
  const events = counter({
    name: 'pawprint_identity_events_total',
    help: 'Log-ins, refreshes and what was refused',
    labels: ['event'],
  });

  const reply = async (
    session: SessionRef,
    roles: readonly string[],
    refreshToken: string,
  ): Promise<SessionReply> => {
    const { token, expiresIn } = await tokens.issue({ ...session, roles });
    const { memberId } = session;
    return { accessToken: token, refreshToken, tokenType: 'Bearer', expiresIn, memberId, roles };
  };

  const checked = async (mailbox: string, password: string) => {
    const found = await members.findCredentials(mailbox);
    const hash = found?.passwordHash ?? null;
    const right = await passwords.verify(hash ?? nobodysHash, password);
    return right && hash !== null ? found : null;
  };

  return {
    jwks: tokens.jwks,
    verify: tokens.verify,
    async logIn({ email, password, address }) {
      const mailbox = normaliseEmail(email);
      const attempt = attempts.begin(mailbox, address);
      const found = await checked(mailbox, password).catch((error: unknown) => {
        // Neither right nor wrong: a store or the queue was in the way.
        attempt.doesNotCount();
        throw error;
      });
      if (found === null) {
        events.inc({ event: 'log-in-refused' });
        throw new InvalidCredentialsError('The e-mail address or the password is wrong.');
      }
      attempt.doesNotCount();
      const session = await sessions.start(found.memberId);
      events.inc({ event: 'logged-in' });
      return reply(session, found.roles, session.refreshToken);
    },
    async refresh(refreshToken) {
      const owner = await sessions.find(refreshToken);
      if (owner === null) throw refused();
      // Asked before the rotation: were the log down after it, the client would have lost its token.
      const roles = await members.rolesOf(owner.memberId);
      if (roles === null) {
        await sessions.end(owner.sessionId, 'member-gone');
        throw refused();
      }
      const rotation = await sessions.rotate(refreshToken);
      if (rotation.kind === 'reused') {
        events.inc({ event: 'refresh-token-reused' });
        log.warn(
          { securityEvent: 'refresh-token-reused', ...rotation.session },
          'a refresh token was used twice: its session is ended',
        );
      }
      if (rotation.kind !== 'rotated') throw refused();
      events.inc({ event: 'refreshed' });
      return reply(rotation.session, roles, rotation.refreshToken);
    },
    async logOut(refreshToken) {
      const session = await sessions.find(refreshToken);
      if (session !== null) await sessions.end(session.sessionId, 'logged-out');
    },
    endAllSessionsOf: (memberId) => sessions.endAllOf(memberId, 'revoked'),
  };
}

const refused = (): InvalidRefreshTokenError =>
  new InvalidRefreshTokenError('The refresh token is not valid any more; log in again.');

/** Failed attempts only: an attempt takes a token when it begins and gets it back unless it fails. */
function createAttempts(limits: LoginLimits) {
  const byPair = createTokenBuckets(limits.perPair);
  const byEmail = createTokenBuckets(limits.perEmail);
  return {
    begin(email: string, address: string) {
      // Hashed: an entry has one size, and no address book lies in memory.
      const emailKey = createHash('sha256').update(email).digest('base64');
      const pairKey = `${emailKey}|${address}`;
      const pair = byPair.take(pairKey);
      if (!pair.allowed) throw new TooManyAttemptsError(pair.retryAfterSeconds);
      const all = byEmail.take(emailKey);
      if (!all.allowed) throw new TooManyAttemptsError(all.retryAfterSeconds);
      return {
        doesNotCount() {
          byPair.giveBack(pairKey);
          byEmail.giveBack(emailKey);
        },
      };
    },
  };
}
