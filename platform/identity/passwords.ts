import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { createWorkQueue } from './work-queue.ts';

/** ASVS 5.0 appendix C: Argon2id with t=2 needs at least 19 MiB, p=1. About 30 ms of one core. */
export const argon2Parameters = { memory: 19_456, passes: 2, parallelism: 1 } as const;

const SALT_BYTES = 16;
const TAG_BYTES = 32;

export type Passwords = {
  /** Argon2id as a PHC string. Throws `WorkQueueFullError` under overload. */
  hash(password: string): Promise<string>;
  /** Whether the password made this hash. Throws `MalformedHashError` for what is no hash of ours. */
  verify(hash: string, password: string): Promise<boolean>;
};

/** A stored hash that cannot be read: a fault of the data, never a wrong password. */
export class MalformedHashError extends Error {
  override readonly name = 'MalformedHashError';
}

type Parsed = {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly nonce: Buffer;
  readonly tag: Buffer;
};

const derive = promisify(argon2);

/**
 * Node runs Argon2 on libuv's thread pool. Few at a time, so that logins neither fill the pool
 * (files and name look-ups use it too) nor take every core from the requests beside them.
 */
export function createPasswords(
  options: { concurrency?: number; maxWaiting?: number; maxWaitMs?: number } = {},
): Passwords {
  const queue = createWorkQueue({
    concurrency: options.concurrency ?? Math.max(1, Math.min(3, availableParallelism())),
    maxWaiting: options.maxWaiting ?? 1000,
    maxWaitMs: options.maxWaitMs ?? 8000,
  });
  const tagOf = (password: string, { memory, passes, parallelism, nonce, tag }: Parsed) =>
    queue.run(() =>
      derive('argon2id', {
        message: messageOf(password),
        nonce,
        memory,
        passes,
        parallelism,
        tagLength: tag.length,
      }),
    );
  return {
    async hash(password) {
      const blank = {
        ...argon2Parameters,
        nonce: randomBytes(SALT_BYTES),
        tag: Buffer.alloc(TAG_BYTES),
      };
      return formatPhc({ ...blank, tag: await tagOf(password, blank) });
    },
    async verify(hash, password) {
      const parsed = parsePhc(hash);
      return timingSafeEqual(await tagOf(password, parsed), parsed.tag);
    },
  };
}

/** NIST SP 800-63B §3.1.1.2: NFKC first, so that one keyboard's ä is another's. Never truncated. */
function messageOf(password: string): Buffer {
  return Buffer.from(password.normalize('NFKC'), 'utf8');
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

function formatPhc({ memory, passes, parallelism, nonce, tag }: Parsed): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(tag)}`;
}

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;

/** The digits are bounded, so that a tampered row cannot ask for gigabytes. */
function parsePhc(hash: string): Parsed {
  const [, memory, passes, parallelism, nonce, tag] = PHC.exec(hash) ?? [];
  if (nonce === undefined || tag === undefined || Number(memory) > 1_048_576) {
    throw new MalformedHashError('a stored password hash is not an Argon2id PHC string');
  }
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}
