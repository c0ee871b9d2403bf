import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../test/support/database.ts';
import { createPool, type Pool } from '../postgres/index.ts';
import { open, seal } from './cipher.ts';
import {
  type KeyRef,
  KeyStoreUnavailableError,
  keyName,
  openKeyStore,
  PersonErasedError,
} from './index.ts';
import { ed25519Signer } from './signing.ts';

const masterKey = randomBytes(32);
const ref: KeyRef = { subject: 'mem_1', purpose: 'contact' };
let pool: Pool;
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await createTestDatabase();
  drop = database.drop;
  pool = createPool({ url: database.url, name: 'spec' });
  await openKeyStore({ pool, masterKey }).ready();
});
afterAll(async () => {
  await pool.end();
  await drop();
});

describe('sealed values', () => {
  it('open only with their key and their place, and show every flipped bit', () => {
    const key = randomBytes(32);
    const sealed = seal(key, Buffer.from('Žofie'), 'member-1|event|/name');
    expect(open(key, sealed, 'member-1|event|/name').toString()).toBe('Žofie');
    expect(() => open(key, sealed, 'member-2|event|/name')).toThrow();
    expect(() => open(randomBytes(32), sealed, 'member-1|event|/name')).toThrow();
    for (let index = 0; index < sealed.length; index += 1) {
      const bent = Buffer.from(sealed);
      bent.writeUInt8(bent.readUInt8(index) ^ 1, index);
      expect(() => open(key, bent, 'member-1|event|/name')).toThrow();
    }
    expect(() => open(key, Buffer.alloc(5), '')).toThrow(/too short/);
  });
});

describe('the key store', () => {
  it('makes one key for a person and purpose, however many ask first', async () => {
    const stores = Array.from({ length: 10 }, () => openKeyStore({ pool, masterKey }));
    const keys = await Promise.all(stores.map((store) => store.keyFor(ref)));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  });

  it('keeps keys wrapped: another master key opens none', async () => {
    const first = await openKeyStore({ pool, masterKey }).keyFor(ref);
    const { rows } = await pool.query<{ wrapped: Buffer }>('select wrapped from people.data_keys');
    expect(rows.some(({ wrapped }) => wrapped.includes(first))).toBe(false);
    await expect(openKeyStore({ pool, masterKey: randomBytes(32) }).keyFor(ref)).rejects.toThrow();
  });

  it('reads an erased person as null, makes no new key for them, and keeps the receipt', async () => {
    const erased: KeyRef = { subject: 'mem_erased', purpose: 'contact' };
    const store = openKeyStore({ pool, masterKey });
    await store.keyFor(erased);
    await store.erase(erased.subject);
    expect((await store.keysFor([erased])).get(keyName(erased))).toBeNull();
    await expect(store.keyFor(erased)).rejects.toThrow(PersonErasedError);
    const { rows } = await pool.query(
      "select wrapped, destroyed_at from people.data_keys where subject = 'mem_erased'",
    );
    expect(rows).toEqual([{ wrapped: null, destroyed_at: expect.any(Date) }]);
  });

  it('tells a key that is not there from one that was destroyed', async () => {
    const unknown: KeyRef = { subject: 'mem_unknown', purpose: 'contact' };
    const keys = await openKeyStore({ pool, masterKey }).keysFor([ref, unknown]);
    expect(keys.has(keyName(ref))).toBe(true);
    expect(keys.has(keyName(unknown))).toBe(false);
  });

  it('never looks like an erasure while it is down', async () => {
    const down = createPool({ url: 'postgres://nobody:x@127.0.0.1:1/none', name: 'down' });
    const store = openKeyStore({ pool: down, masterKey });
    await expect(store.keyFor(ref)).rejects.toThrow(KeyStoreUnavailableError);
    await expect(store.keysFor([ref])).rejects.toThrow(KeyStoreUnavailableError);
    await expect(store.erase(ref.subject)).rejects.toThrow(KeyStoreUnavailableError);
    await down.end();
  });
});

describe('signatures', () => {
  it('are the Ed25519 of RFC 8032 (test 1), and deterministic', () => {
    const signer = ed25519Signer(
      Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'),
    );
    const signature = Buffer.from(signer.sign(Buffer.alloc(0))).toString('hex');
    expect(signature).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
    expect(signer.verify(Buffer.alloc(0), Buffer.from(signature, 'hex'))).toBe(true);
    expect(signer.verify(Buffer.from('x'), Buffer.from(signature, 'hex'))).toBe(false);
  });
});
