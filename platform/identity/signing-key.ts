import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** PKCS #8 of an Ed25519 key up to its 32-byte seed (RFC 8410 §7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export type SigningKey = {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: JWK;
};

/** The Ed25519 key pair of a seed. `kid` is the RFC 7638 thumbprint: the same key, the same id. */
export async function signingKeyOf(seed: Buffer): Promise<SigningKey> {
  if (seed.length !== 32) throw new RangeError(`a signing seed has 32 bytes, not ${seed.length}`);
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const jwk = { kty: 'OKP', crv: 'Ed25519', x } satisfies JWK;
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, privateKey, jwk: { ...jwk, kid, alg: 'EdDSA', use: 'sig' } };
}

export type Jwks = { readonly keys: readonly JWK[] };

/** The public half, as served at `/.well-known/jwks.json`. */
export async function publicJwksOf(seed: Buffer): Promise<Jwks> {
  return { keys: [(await signingKeyOf(seed)).jwk] };
}
