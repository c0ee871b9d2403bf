import { createHash } from 'node:crypto';
import { type KeyStore, keyName } from '../../../platform/keys/index.ts';

/** Everybody's data key, derived from their name: nothing is erased in these worlds. */
export function createKeys(): KeyStore {
  const keyOf = (name: string): Buffer => createHash('sha256').update(name).digest();
  return {
    keyFor: async (ref) => keyOf(keyName(ref)),
    keysFor: async (refs) => new Map(refs.map((ref) => [keyName(ref), keyOf(keyName(ref))])),
    erase: async () => {
      throw new Error('nobody is erased in the simulation');
    },
    ready: async () => undefined,
  };
}
