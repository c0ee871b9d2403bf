import { randomBytes, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isMissing, replaceDurably } from '../durable-file.ts';

/** The data folder's secrets are gone or damaged; making new ones would lose what they protect. */
export class SecretsUnusable extends Error {
  override name = 'SecretsUnusable';
}

const randomKey = () => randomBytes(32).toString('base64url');

/** How each is made, once per data folder. A name added here is added to old folders as well. */
const makers = {
  KEYS_MASTER_KEY: randomKey,
  TOKEN_SIGNING_KEY: randomKey,
  TICKET_SIGNING_KEY: randomKey,
  GIFT_CODE_SECRET: randomKey,
  BLIND_INDEX_KEY: randomKey,
  STRIPE_WEBHOOK_SECRET: () => `whsec_${randomKey()}`,
  STRIPE_SECRET_KEY: () => `sk_test_${readable(32, '')}`,
  STRIPE_PUBLISHABLE_KEY: () => `pk_test_${readable(32, '')}`,
  ADMIN_PASSWORD: () => readable(20, '-'),
  ANALYST_PASSWORD: () => readable(20, '-'),
} as const;

export type SecretName = keyof typeof makers;
export type Secrets = Record<SecretName, string>;

/** The file `secrets.json` of a data folder. */
export const secretsSchema = z.object({
  KEYS_MASTER_KEY: z.string(),
  TOKEN_SIGNING_KEY: z.string(),
  TICKET_SIGNING_KEY: z.string(),
  GIFT_CODE_SECRET: z.string(),
  BLIND_INDEX_KEY: z.string(),
  STRIPE_WEBHOOK_SECRET: z.string(),
  STRIPE_SECRET_KEY: z.string(),
  STRIPE_PUBLISHABLE_KEY: z.string(),
  ADMIN_PASSWORD: z.string(),
  ANALYST_PASSWORD: z.string(),
}) satisfies z.ZodType<Secrets>;

export type OpenSecrets = {
  secrets: Secrets;
  /** True until the administrator's password was shown: see `markShown`. */
  adminPasswordIsNew: boolean;
  markShown(): Promise<void>;
};

/**
 * The secrets of a data folder, made at its first start. `dataExists`: there is data that was made
 * with secrets, so that a missing file is a loss and not a first start.
 */
export async function openSecrets(path: string, dataExists: boolean): Promise<OpenSecrets> {
  const known = await read(path);
  if (known === undefined && dataExists) {
    throw new SecretsUnusable(
      `${path} is gone. Personal data in this data folder cannot be read without its keys: ` +
        'bring the file back from a backup, or start with another data folder',
    );
  }
  const made = Object.entries(makers).map(([name, make]) => [name, known?.[name] ?? make()]);
  const secrets = secretsSchema.parse(Object.fromEntries(made));
  const shown = known?.['adminPasswordShown'] === 'yes';
  const save = (adminPasswordShown: 'yes' | 'no') =>
    replaceDurably(
      path,
      `${JSON.stringify({ ...known, ...secrets, adminPasswordShown }, null, 2)}\n`,
    );
  const complete = Object.keys(makers).every((name) => known?.[name] !== undefined);
  if (!complete) await save(shown ? 'yes' : 'no');
  return { secrets, adminPasswordIsNew: !shown, markShown: () => save('yes') };
}

async function read(path: string): Promise<Record<string, string> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text));
  } catch (cause) {
    throw new SecretsUnusable(`${path} is damaged: bring it back from a backup`, { cause });
  }
}

/** Without letters and digits that look alike: 20 of them are 99 bits. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

function readable(length: number, separator: string): string {
  const letters = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
  return letters.replaceAll(/.{5}(?=.)/g, `$&${separator}`);
}
