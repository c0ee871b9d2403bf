import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, errors, jwtVerify, SignJWT } from 'jose';
import type { MemberId } from '../../domain/_kernel/ids.ts';
import { type Jwks, type SigningKey, signingKeyOf } from './signing-key.ts';
import { createVerifiedCache } from './verified-cache.ts';

/** RFC 9068: an access token says that it is one, so that no other JWT of ours passes as such. */
const TYPE = 'at+jwt';
/** The only algorithm: the header of a token never chooses (RFC 8725 §3.1, ASVS 9.1.2). */
const ALGORITHMS = ['EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 5;
const MAX_LENGTH = 4096;

export type AccessClaims = {
  readonly memberId: MemberId;
  readonly roles: readonly string[];
  readonly sessionId: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
};

/** The token is not one of ours, or not any more. The message is for people and says no more. */
export class InvalidTokenError extends Error {
  override readonly name = 'InvalidTokenError';
  readonly reason: 'expired' | 'invalid';
  constructor(reason: InvalidTokenError['reason'], options?: ErrorOptions) {
    super(
      reason === 'expired' ? 'The access token has expired.' : 'The access token is not valid.',
      options,
    );
    this.reason = reason;
  }
}

export type TokenVerifier = { verify(token: string): Promise<AccessClaims> };

type Expected = { readonly issuer: string; readonly audience: string; readonly clock?: () => Date };

/**
 * Verifies with public keys only: what the read API needs. A signature costs 0.3 ms, so a token
 * that was found good is remembered until it expires.
 */
export function createTokenVerifier({
  jwks,
  issuer,
  audience,
  clock = () => new Date(),
}: Expected & { jwks: Jwks }): TokenVerifier {
  const keys = createLocalJWKSet({ keys: [...jwks.keys] });
  const verified = createVerifiedCache<AccessClaims>({ maxEntries: 20_000 });

  const check = async (token: string): Promise<AccessClaims> => {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      typ: TYPE,
      issuer,
      audience,
      requiredClaims: ['sub', 'exp', 'iat', 'sid', 'roles'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: clock(),
    });
    const { sub, exp, sid, roles } = payload;
    if (!isMemberId(sub) || exp === undefined || typeof sid !== 'string' || !isStrings(roles)) {
      throw new InvalidTokenError('invalid');
    }
    return { memberId: sub, roles, sessionId: sid, expiresAt: exp };
  };

  return {
    async verify(token) {
      if (token.length > MAX_LENGTH) throw new InvalidTokenError('invalid');
      const now = clock().getTime() / 1000;
      const known = verified.get(token, now);
      if (known !== undefined) return known;
      try {
        const claims = await check(token);
        verified.set(token, claims, claims.expiresAt);
        return claims;
      } catch (error) {
        if (error instanceof errors.JWTExpired)
          throw new InvalidTokenError('expired', { cause: error });
        if (error instanceof errors.JOSEError)
          throw new InvalidTokenError('invalid', { cause: error });
        throw error;
      }
    },
  };
}

export type AccessTokens = TokenVerifier & {
  issue(claims: Omit<AccessClaims, 'expiresAt'>): Promise<{ token: string; expiresIn: number }>;
  readonly jwks: Jwks;
};

/** Signs and verifies: what the write API needs. */
export async function createAccessTokens(
  options: Expected & { seed: Buffer; minutes: number },
): Promise<AccessTokens> {
  const { seed, minutes, issuer, audience, clock = () => new Date() } = options;
  const key: SigningKey = await signingKeyOf(seed);
  const jwks: Jwks = { keys: [key.jwk] };
  const verifier = createTokenVerifier({ jwks, issuer, audience, clock });
  return {
    ...verifier,
    jwks,
    async issue({ memberId, roles, sessionId }) {
      const issuedAt = Math.floor(clock().getTime() / 1000);
      const token = await new SignJWT({ roles, sid: sessionId })
        .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: key.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(memberId)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + minutes * 60)
        .sign(key.privateKey);
      return { token, expiresIn: minutes * 60 };
    },
  };
}

const isMemberId = (value: unknown): value is MemberId =>
  typeof value === 'string' && /^mem_[0-9a-z]{1,64}$/.test(value);

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');
