import { createHmac, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { tokenNames } from '../../bin/role/token-names.ts';
import { deriveId, type MemberId } from '../../domain/_kernel/ids.ts';
import { createAccessTokens, publicJwksOf } from '../../platform/identity/index.ts';

const secretsFile = z.object({ TOKEN_SIGNING_KEY: z.string(), STRIPE_WEBHOOK_SECRET: z.string() });

export const secretsOf = (dataDir: string) =>
  secretsFile.parse(JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')));

export type Mint = (memberId: MemberId, roles: readonly string[]) => Promise<string>;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Signs access tokens with the platform's own key, for whomever a test needs; and makes every kind of
 * token that has to be refused, by its name.
 */
export async function tokenForge(
  dataDir: string,
): Promise<{ mint: Mint; forged: Readonly<Record<string, string>> }> {
  const seed = Buffer.from(secretsOf(dataDir).TOKEN_SIGNING_KEY, 'base64url');
  const tokens = (more: { audience?: string; issuer?: string; clock?: () => Date } = {}) =>
    createAccessTokens({ ...tokenNames, seed, minutes: 60, ...more });
  const issuer = await tokens();
  const claims = { memberId: deriveId('mem', 'forger'), roles: ['admin'], sessionId: 'ses_forged' };
  const { token: good } = await issuer.issue(claims);
  const [head = '', payload = '', signature = ''] = good.split('.');
  const body: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const kid = (await publicJwksOf(seed)).keys[0]?.kid ?? '';
  const publicKey = (await publicJwksOf(seed)).keys[0]?.x ?? '';
  const stranger = generateKeyPairSync('ed25519');
  const signedByStranger = (header: Record<string, unknown>) =>
    new SignJWT({ ...(body as Record<string, unknown>) })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...header })
      .sign(stranger.privateKey);
  const hmac = `${part({ alg: 'HS256', typ: 'at+jwt', kid })}.${payload}`;
  const issued = async (more: Parameters<typeof tokens>[0]) =>
    (await (await tokens(more)).issue(claims)).token;
  const promoted = part({ ...(body as Record<string, unknown>), roles: ['admin', 'auditor'] });
  return {
    mint: async (memberId, roles) => {
      const { token } = await issuer.issue({ memberId, roles, sessionId: 'ses_minted' });
      return token;
    },
    forged: {
      expired: await issued({ clock: () => new Date(Date.now() - 2 * 3600_000) }),
      'of another audience': await issued({ audience: 'somebody-else' }),
      'of another issuer': await issued({ issuer: 'https://evil.example' }),
      'without algorithm': `${part({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      'signed by another key': await signedByStranger({}),
      "signed by another key under our key's id": await signedByStranger({ kid }),
      'signed by a key that it brings along': await signedByStranger({
        jwk: stranger.publicKey.export({ format: 'jwk' }),
      }),
      'keyed with our public key': `${hmac}.${createHmac('sha256', publicKey).update(hmac).digest('base64url')}`,
      'with another payload': `${head}.${promoted}.${signature}`,
      'without signature': `${head}.${payload}.`,
      cut: good.slice(0, -10),
      'of another type': await new SignJWT({})
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
        .sign(stranger.privateKey),
      'with a hostile key id': await signedByStranger({ kid: "../../' OR 1=1 --" }),
      overlong: `${head}.${'a'.repeat(5000)}.${signature}`,
      'that is none': 'abc.def.ghi',
    },
  };
}
