import { createHmac, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { createAccessTokens, createTokenVerifier } from './access-tokens.ts';
import { publicJwksOf, signingKeyOf } from './signing-key.ts';
import { createVerifiedCache } from './verified-cache.ts';

const seed = randomBytes(32);
const memberId = deriveId('mem', 'anna');
const claims = { memberId, roles: ['member', 'staff'], sessionId: 'ses_1' };
const issuer = 'http://write.test';
const audience = 'pawprint';

const open = (clock?: () => Date) =>
  createAccessTokens({
    seed,
    issuer,
    audience,
    minutes: 15,
    ...(clock === undefined ? {} : { clock }),
  });

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const reasonOf = async (token: string): Promise<unknown> => {
  const tokens = await open();
  return tokens.verify(token).then(
    () => 'accepted',
    (error: { reason?: unknown }) => error.reason,
  );
};

test('a token says who, in which roles and session, until when', async () => {
  const tokens = await open(() => new Date('2026-05-01T08:00:00Z'));
  const { token, expiresIn } = await tokens.issue(claims);
  expect(expiresIn).toBe(900);
  expect(await tokens.verify(token)).toEqual({
    ...claims,
    expiresAt: Date.parse('2026-05-01T08:15:00Z') / 1000,
  });
});

test('the public keys alone verify, and the published set holds no private part', async () => {
  const tokens = await open();
  const { token } = await tokens.issue(claims);
  const jwks = await publicJwksOf(seed);
  expect(jwks).toEqual(tokens.jwks);
  expect(Object.keys(jwks.keys[0] ?? {}).toSorted()).toEqual([
    'alg',
    'crv',
    'kid',
    'kty',
    'use',
    'x',
  ]);
  const verifier = createTokenVerifier({ jwks, issuer, audience });
  expect(await verifier.verify(token)).toMatchObject(claims);
});

test('a token that was found good is refused once it has expired, although it is remembered', async () => {
  let now = new Date('2026-05-01T08:00:00Z');
  const tokens = await open(() => now);
  const { token } = await tokens.issue(claims);
  await tokens.verify(token);
  now = new Date('2026-05-01T08:14:59Z');
  expect(await tokens.verify(token)).toMatchObject(claims);
  now = new Date('2026-05-01T08:15:06Z');
  await expect(tokens.verify(token)).rejects.toMatchObject({ reason: 'expired' });
});

const forge = async (
  change: {
    typ?: string;
    alg?: string;
    iss?: string;
    aud?: string;
    sub?: string;
    roles?: unknown;
    kid?: string;
  },
  key?: Parameters<SignJWT['sign']>[0],
): Promise<string> => {
  const own = await signingKeyOf(seed);
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ roles: 'roles' in change ? change.roles : ['admin'], sid: 'ses_1' })
    .setProtectedHeader({ alg: 'EdDSA', typ: change.typ ?? 'at+jwt', kid: change.kid ?? own.kid })
    .setIssuer(change.iss ?? issuer)
    .setAudience(change.aud ?? audience)
    .setSubject(change.sub ?? memberId)
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(key ?? own.privateKey);
};

test('the forge itself makes a good token when it changes nothing', async () => {
  expect(await reasonOf(await forge({}))).toBe('accepted');
});

test.each([
  ['is another kind of JWT', { typ: 'JWT' }],
  ['is from another issuer', { iss: 'http://evil.test' }],
  ['is for another audience', { aud: 'other' }],
  ['has a subject that is no member', { sub: 'root' }],
  ['has roles that are no list', { roles: 'admin' }],
  ['names a key we do not have', { kid: 'other' }],
])('a token that %s is refused', async (_what, change) => {
  expect(await reasonOf(await forge(change))).toBe('invalid');
});

test('a token signed with another key is refused under our key id', async () => {
  const other = await signingKeyOf(randomBytes(32));
  expect(await reasonOf(await forge({}, other.privateKey))).toBe('invalid');
});

test('alg none, and HS256 keyed with our public key, are refused', async () => {
  const { jwk, kid } = await signingKeyOf(seed);
  const now = Math.floor(Date.now() / 1000);
  const body = part({
    iss: issuer,
    aud: audience,
    sub: memberId,
    roles: ['admin'],
    sid: 's',
    iat: now,
    exp: now + 60,
  });
  expect(await reasonOf(`${part({ alg: 'none', typ: 'at+jwt', kid })}.${body}.`)).toBe('invalid');
  const head = part({ alg: 'HS256', typ: 'at+jwt', kid });
  const mac = createHmac('sha256', Buffer.from(jwk.x ?? '', 'base64url')).update(`${head}.${body}`);
  expect(await reasonOf(`${head}.${body}.${mac.digest('base64url')}`)).toBe('invalid');
});

test.each(['', 'a', 'a.b.c', 'x'.repeat(100_000), '..', '\u0000'])(
  'garbage is refused',
  async (token) => {
    expect(await reasonOf(token)).toBe('invalid');
  },
);

test('a changed payload does not verify, even after the genuine token was remembered', async () => {
  const tokens = await open();
  const { token } = await tokens.issue(claims);
  await tokens.verify(token);
  const [head = '', body = '', signature = ''] = token.split('.');
  const payload = JSON.parse(Buffer.from(body, 'base64url').toString());
  const raised = part({ ...payload, roles: ['admin'] });
  await expect(tokens.verify(`${head}.${raised}.${signature}`)).rejects.toMatchObject({
    reason: 'invalid',
  });
});

test('the cache is bounded and drops what was used least recently', () => {
  const cache = createVerifiedCache<number>({ maxEntries: 2 });
  cache.set('a', 1, 100);
  cache.set('b', 2, 100);
  expect(cache.get('a', 0)).toBe(1);
  cache.set('c', 3, 100);
  expect(cache.get('b', 0)).toBeUndefined();
  expect([cache.get('a', 0), cache.get('c', 0), cache.size()]).toEqual([1, 3, 2]);
  expect(cache.get('a', 100)).toBeUndefined();
});
