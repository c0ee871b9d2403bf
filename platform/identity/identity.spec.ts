import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { createLogger } from '../log/index.ts';
import { createPool, type Pool } from '../postgres/index.ts';
import { createAccessTokens } from './access-tokens.ts';
import { type Credentials, type Identity, openIdentity } from './identity.ts';
import { createPasswords, type Passwords } from './passwords.ts';

const memberId = deriveId('mem', 'anna');
const passwords = createPasswords();
const wrong = { name: 'InvalidCredentialsError' };
const refused = { name: 'InvalidRefreshTokenError' };

let database: TestDatabase;
let pool: Pool;
let anna: Credentials;
let now: Date;
let roles: readonly string[] | null;
let verified: string[];
let identity: Identity;

/** The real thing, seen: which hash each log-in was compared with. */
const watched: Passwords = {
  hash: passwords.hash,
  verify(hash, password) {
    verified.push(hash);
    return passwords.verify(hash, password);
  },
};

const open = async (): Promise<Identity> => {
  const clock = () => now;
  return openIdentity({
    pool,
    tokens: await createAccessTokens({
      seed: randomBytes(32),
      issuer: 'i',
      audience: 'a',
      minutes: 15,
      clock,
    }),
    passwords: watched,
    members: {
      findCredentials: async (email) => (email === 'anna@example.org' ? anna : null),
      rolesOf: async () => roles,
    },
    refreshTokenDays: 30,
    log: createLogger({ level: 'silent', name: 'spec' }),
    clock,
  });
};

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'identity-spec' });
  const passwordHash = await passwords.hash('sit stay roll over');
  anna = { memberId, passwordHash, roles: ['member'] };
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  now = new Date('2026-05-01T08:00:00Z');
  roles = ['member'];
  verified = [];
  identity = await open();
});

const logIn = (address = '192.0.2.1') =>
  identity.logIn({ email: ' Anna@Example.org ', password: 'sit stay roll over', address });
const later = (seconds: number): void => {
  now = new Date(now.getTime() + seconds * 1000);
};

test('the right password opens a session; its access token names member, roles and session', async () => {
  const session = await logIn();
  expect(session).toMatchObject({
    tokenType: 'Bearer',
    expiresIn: 900,
    memberId,
    roles: ['member'],
  });
  expect(await identity.verify(session.accessToken)).toMatchObject({ memberId, roles: ['member'] });
});

test('an unknown address and a wrong password are one error, and both cost one Argon2', async () => {
  const guess = (email: string) =>
    identity.logIn({ email, password: 'guess', address: '192.0.2.2' });
  await expect(guess('anna@example.org')).rejects.toMatchObject(wrong);
  await expect(guess('nobody@example.org')).rejects.toMatchObject(wrong);
  expect(verified).toHaveLength(2);
  expect(verified[0]).toBe(anna.passwordHash);
  expect(verified[1]).toMatch(/^\$argon2id\$/);
});

test('a member without a password cannot log in with any', async () => {
  const before = anna;
  anna = { ...anna, passwordHash: null };
  await expect(logIn()).rejects.toMatchObject(wrong);
  anna = before;
});

test('guesses are stopped before the password is looked at; other addresses still get in', async () => {
  const guess = () =>
    identity.logIn({ email: 'anna@example.org', password: 'guess', address: '192.0.2.3' });
  for (let i = 0; i < 10; i += 1) await expect(guess()).rejects.toMatchObject(wrong);
  await expect(guess()).rejects.toMatchObject({
    name: 'TooManyAttemptsError',
    retryAfterSeconds: expect.any(Number),
  });
  expect(verified).toHaveLength(10);
  expect(await logIn('192.0.2.4')).toMatchObject({ memberId });
});

test('log-ins that succeed do not count as guesses', async () => {
  for (let i = 0; i < 12; i += 1) await logIn();
  expect(verified).toHaveLength(12);
});

test('refreshing gives a new pair, and the roles of today', async () => {
  const first = await logIn();
  roles = ['member', 'staff'];
  const second = await identity.refresh(first.refreshToken);
  expect(second.refreshToken).not.toBe(first.refreshToken);
  expect(await identity.verify(second.accessToken)).toMatchObject({ roles: ['member', 'staff'] });
  expect(await identity.refresh(second.refreshToken)).toMatchObject({ memberId });
});

test('a client whose reply was lost gets the same successor within the grace', async () => {
  const first = await logIn();
  const lost = await identity.refresh(first.refreshToken);
  later(9);
  const again = await identity.refresh(first.refreshToken);
  expect(again.refreshToken).toBe(lost.refreshToken);
  expect(await identity.refresh(again.refreshToken)).toMatchObject({ memberId });
});

test('parallel refreshes with one token agree on one successor', async () => {
  const { refreshToken } = await logIn();
  const replies = await Promise.all(
    Array.from({ length: 8 }, () => identity.refresh(refreshToken)),
  );
  expect(new Set(replies.map((reply) => reply.refreshToken)).size).toBe(1);
});

test('an old token after the grace ends the whole family', async () => {
  const first = await logIn();
  const second = await identity.refresh(first.refreshToken);
  later(11);
  await expect(identity.refresh(first.refreshToken)).rejects.toMatchObject(refused);
  await expect(identity.refresh(second.refreshToken)).rejects.toMatchObject(refused);
});

test('an old token whose successor was used ends the family even within the grace', async () => {
  const first = await logIn();
  const second = await identity.refresh(first.refreshToken);
  const third = await identity.refresh(second.refreshToken);
  await expect(identity.refresh(first.refreshToken)).rejects.toMatchObject(refused);
  await expect(identity.refresh(third.refreshToken)).rejects.toMatchObject(refused);
});

test('logging out ends this session and leaves the others', async () => {
  const [phone, laptop] = [await logIn(), await logIn()];
  await identity.logOut(phone.refreshToken);
  await identity.logOut(phone.refreshToken);
  await expect(identity.refresh(phone.refreshToken)).rejects.toMatchObject(refused);
  expect(await identity.refresh(laptop.refreshToken)).toMatchObject({ memberId });
});

test('all sessions of a member can be ended at once', async () => {
  const sessions = [await logIn(), await logIn()];
  expect(await identity.endAllSessionsOf(memberId)).toBeGreaterThanOrEqual(2);
  for (const { refreshToken } of sessions) {
    await expect(identity.refresh(refreshToken)).rejects.toMatchObject(refused);
  }
});

test('a session ends on its day, however often it was refreshed', async () => {
  let { refreshToken } = await logIn();
  for (let day = 0; day < 29; day += 7) {
    later(7 * 86_400 - 1);
    if (day < 28) ({ refreshToken } = await identity.refresh(refreshToken));
  }
  await expect(identity.refresh(refreshToken)).rejects.toMatchObject(refused);
});

test('a member who is gone loses the session', async () => {
  const { refreshToken } = await logIn();
  roles = null;
  await expect(identity.refresh(refreshToken)).rejects.toMatchObject(refused);
  roles = ['member'];
  await expect(identity.refresh(refreshToken)).rejects.toMatchObject(refused);
});

test('a directory that cannot be asked does not cost the client its token', async () => {
  const { refreshToken } = await logIn();
  const down = await openIdentity({
    pool,
    tokens: await createAccessTokens({
      seed: randomBytes(32),
      issuer: 'i',
      audience: 'a',
      minutes: 15,
    }),
    passwords,
    members: {
      findCredentials: () => Promise.reject(new Error('the log is down')),
      rolesOf: () => Promise.reject(new Error('the log is down')),
    },
    refreshTokenDays: 30,
    log: createLogger({ level: 'silent', name: 'spec' }),
  });
  await expect(down.refresh(refreshToken)).rejects.toThrow('the log is down');
  later(60);
  expect(await identity.refresh(refreshToken)).toMatchObject({ memberId });
});

test.each(['', 'prt_short', `prt_${'a'.repeat(43)}`, 'x'.repeat(10_000)])(
  'an unknown refresh token is refused, and logging out with it is no error',
  async (token) => {
    await expect(identity.refresh(token)).rejects.toMatchObject(refused);
    await identity.logOut(token);
  },
);

test('the tables hold no token, and sessions that ran out are forgotten', async () => {
  const { refreshToken } = await logIn();
  await identity.refresh(refreshToken);
  const { rows } = await pool.query<{ row: string }>(
    `select t::text as row from identity.refresh_tokens t`,
  );
  const secret = Buffer.from(refreshToken.slice(4), 'base64url').toString('hex');
  expect(rows.length).toBeGreaterThan(0);
  for (const { row } of rows) {
    expect(row).not.toContain(secret);
    expect(row).not.toContain(refreshToken);
  }
  later(40 * 86_400);
  for (let i = 0; i < 3; i += 1) await logIn();
  const left = await pool.query(`select 1 from identity.sessions where expires_at < $1`, [now]);
  expect(left.rowCount).toBe(0);
});
