import { type KeyStore, keyName } from './index.ts';

/**
 * For a reader that must not see a person: to it everybody reads as erased, so nothing personal can
 * leave through it, whatever mistake is made behind it. It needs no key database either.
 */
export const noKeys: KeyStore = {
  keyFor: () => Promise.reject(new TypeError('without keys nothing personal can be written')),
  keysFor: async (refs) => new Map(refs.map((ref) => [keyName(ref), null])),
  erase: () => Promise.reject(new TypeError('without keys nobody can be erased')),
  ready: async () => undefined,
};
