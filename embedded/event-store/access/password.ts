import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** A password as it is kept: `scrypt:N:r:p:salt:key`, the last two as base64url. */
export type PasswordHash = {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly key: Buffer;
};

/** 16 MiB and about 50 ms: dear to guess, and paid once per connection (see sign-in.ts). */
const COST = { cost: 16_384, blockSize: 8, parallel: 1 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

const PATTERN = /^scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([\w-]{16,128}):([\w-]{43})$/;
const MOST_MEMORY = 256 * 1024 * 1024;

const derive = (password: string, how: Omit<PasswordHash, 'key'>): Promise<Buffer> => {
  const { cost, blockSize, parallel, salt } = how;
  const options: ScryptOptions = {
    cost,
    blockSize,
    parallelization: parallel,
    maxmem: MOST_MEMORY,
  };
  return new Promise((resolve, reject) => {
    // Composed and decomposed letters look the same on a keyboard, so they are the same password.
    scrypt(password.normalize('NFC'), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
};

export const hashPassword = async (password: string): Promise<PasswordHash> => {
  const how = { ...COST, salt: randomBytes(SALT_BYTES) };
  return { ...how, key: await derive(password, how) };
};

/** Takes as long whatever the password is. */
export const isPassword = async (password: string, hash: PasswordHash): Promise<boolean> =>
  timingSafeEqual(await derive(password, hash), hash.key);

export const formatHash = ({ cost, blockSize, parallel, salt, key }: PasswordHash): string =>
  ['scrypt', cost, blockSize, parallel, salt.toString('base64url'), key.toString('base64url')].join(
    ':',
  );

/** Undefined for what is no hash of ours, or one that would need more than 128 MiB to check. */
export const parseHash = (text: string): PasswordHash | undefined => {
  const [, cost, blockSize, parallel, salt = '', key = ''] = PATTERN.exec(text) ?? [];
  const hash = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallel: Number(parallel),
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  };
  const sound =
    hash.cost > 1 &&
    Number.isInteger(Math.log2(hash.cost)) &&
    hash.blockSize > 0 &&
    hash.parallel > 0 &&
    128 * hash.blockSize * (hash.cost + hash.parallel) <= MOST_MEMORY / 2;
  return sound ? hash : undefined;
};
