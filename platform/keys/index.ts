import { randomBytes } from 'node:crypto';
import type { PersonalMark } from '../../domain/_kernel/personal.ts';
import { migrate, type Pool } from '../postgres/index.ts';
import { open, seal } from './cipher.ts';

/**
 * One data key per person and purpose, wrapped by the master key, in a database of their own.
 * Erasing a person destroys the wrapped keys; what was encrypted under them then reads as `null`.
 * A key store that cannot be asked throws: it must never look like an erasure.
 */
export type KeyRef = { readonly subject: string; readonly purpose: PersonalMark['purpose'] };

export type KeyStore = {
  /** The data key, made on first use. Throws `PersonErasedError` after an erasure. */
  keyFor(ref: KeyRef): Promise<Buffer>;
  /** The keys of many refs, in one question: `null` where the person was erased, no entry where there is no key. */
  keysFor(refs: readonly KeyRef[]): Promise<ReadonlyMap<string, Buffer | null>>;
  /** Destroys every key of a person. There is no way back. */
  erase(subject: string): Promise<void>;
  ready(): Promise<void>;
};

/** The key store could not be asked; try again. Nothing may be decided from it. */
export class KeyStoreUnavailableError extends Error {
  override readonly name = 'KeyStoreUnavailableError';
  readonly retry = 'later';
}

/** The person was erased: nothing personal can be stored for them any more. */
export class PersonErasedError extends Error {
  override readonly name = 'PersonErasedError';
}

/** A key that must be there is not, and nobody erased it: data was lost or databases were mixed up. */
export class KeyMissingError extends Error {
  override readonly name = 'KeyMissingError';
}

const migrations = [
  {
    name: '0001-data-keys',
    sql: `
      create table people.data_keys (
        subject text not null,
        purpose text not null,
        wrapped bytea,
        created_at timestamptz not null default now(),
        destroyed_at timestamptz,
        primary key (subject, purpose),
        check ((wrapped is null) = (destroyed_at is not null))
      );
      comment on table people.data_keys is 'One wrapped data key per person and purpose; a destroyed key leaves its row as the receipt.';`,
  },
];

export const keyName = ({ subject, purpose }: KeyRef): string => `${subject}|${purpose}`;

type Entry = { readonly key: Buffer | null; readonly readAt: number };
type KeyRow = {
  readonly subject: string;
  readonly purpose: KeyRef['purpose'];
  readonly wrapped: Buffer | null;
};

/**
 * Opens the key store on its own database. Keys are cached for `cacheSeconds` (an erasure in another
 * process is then known here), at most `cacheEntries` of them.
 */
export function openKeyStore(options: {
  pool: Pool;
  masterKey: Buffer;
  cacheSeconds?: number;
  cacheEntries?: number;
}): KeyStore {
  const { pool, masterKey, cacheSeconds = 60, cacheEntries = 50_000 } = options;
  const cache = new Map<string, Entry>();

  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (error) {
      throw new KeyStoreUnavailableError('the key store could not be asked', { cause: error });
    }
  };

  const remember = (name: string, key: Buffer | null): void => {
    cache.delete(name);
    cache.set(name, { key, readAt: Date.now() });
    if (cache.size > cacheEntries) {
      const oldest = cache.keys().next();
      if (!oldest.done) cache.delete(oldest.value);
    }
  };

  const cached = (name: string): Entry | undefined => {
    const entry = cache.get(name);
    return entry !== undefined && Date.now() - entry.readAt < cacheSeconds * 1000
      ? entry
      : undefined;
  };

  const unwrap = (row: KeyRow): Buffer | null => {
    const key = row.wrapped === null ? null : open(masterKey, row.wrapped, keyName(row));
    remember(keyName(row), key);
    return key;
  };

  const select = (refs: readonly KeyRef[]): Promise<readonly KeyRow[]> =>
    ask(async () => {
      const { rows } = await pool.query<KeyRow>(
        `select k.subject, k.purpose, k.wrapped from people.data_keys k
           join unnest($1::text[], $2::text[]) as r(subject, purpose) using (subject, purpose)`,
        [refs.map((ref) => ref.subject), refs.map((ref) => ref.purpose)],
      );
      return rows;
    });

  return {
    keyFor: async (ref) => {
      const name = keyName(ref);
      let key = cached(name)?.key;
      if (key === undefined) {
        const wrapped = seal(masterKey, randomBytes(32), name);
        await ask(() =>
          pool.query(
            'insert into people.data_keys (subject, purpose, wrapped) values ($1, $2, $3) on conflict do nothing',
            [ref.subject, ref.purpose, wrapped],
          ),
        );
        const [row] = await select([ref]);
        if (row === undefined)
          throw new KeyMissingError(`the key of ${name} vanished after it was made`);
        key = unwrap(row);
      }
      if (key === null) throw new PersonErasedError(`${ref.subject} was erased`);
      return key;
    },
    keysFor: async (refs) => {
      const found = new Map<string, Buffer | null>();
      const missing = new Map<string, KeyRef>();
      for (const ref of refs) {
        const entry = cached(keyName(ref));
        if (entry === undefined) missing.set(keyName(ref), ref);
        else found.set(keyName(ref), entry.key);
      }
      if (missing.size > 0) {
        for (const row of await select([...missing.values()])) found.set(keyName(row), unwrap(row));
      }
      return found;
    },
    erase: async (subject) => {
      await ask(() =>
        pool.query(
          `update people.data_keys set wrapped = null, destroyed_at = now()
            where subject = $1 and destroyed_at is null`,
          [subject],
        ),
      );
      for (const name of cache.keys()) if (name.startsWith(`${subject}|`)) cache.delete(name);
    },
    ready: () => ask(() => migrate(pool, { schema: 'people', migrations })),
  };
}
