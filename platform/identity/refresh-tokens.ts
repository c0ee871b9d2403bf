import { createHash, createHmac, randomBytes } from 'node:crypto';

/**
 * Refresh tokens are 32 random bytes, stored as SHA-256 only. The successor of a token is an HMAC
 * under that token's own bytes: with a random seed in the table it can be given out once more when a
 * reply was lost, and still neither the table alone nor an old token alone leads to it.
 */
const PREFIX = 'prt_';
const SHAPE = /^prt_[A-Za-z0-9_-]{43}$/;

export const isRefreshToken = (text: string): boolean => SHAPE.test(text);

export const newRefreshToken = (): string => PREFIX + randomBytes(32).toString('base64url');

export const newSeed = (): Buffer => randomBytes(32);

/** What is stored of a token. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The same token and seed always give the same successor. */
export function successorOf(token: string, seed: Buffer): string {
  const secret = Buffer.from(token.slice(PREFIX.length), 'base64url');
  return PREFIX + createHmac('sha256', secret).update(seed).digest('base64url');
}
