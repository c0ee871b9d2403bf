export {
  type AccessClaims,
  type AccessTokens,
  createAccessTokens,
  createTokenVerifier,
  InvalidTokenError,
  type TokenVerifier,
} from './access-tokens.ts';
export { normaliseEmail } from './email.ts';
export {
  type Credentials,
  defaultLoginLimits,
  type Identity,
  InvalidCredentialsError,
  InvalidRefreshTokenError,
  type LoginLimits,
  type MemberDirectory,
  openIdentity,
  type SessionReply,
  TooManyAttemptsError,
} from './identity.ts';
export { createPasswords, MalformedHashError, type Passwords } from './passwords.ts';
export { type Jwks, publicJwksOf } from './signing-key.ts';
export { WorkQueueFullError } from './work-queue.ts';
