import { type KeyStore, keyName } from '../../platform/keys/index.ts';

/**
 * The relay has no keys: to it every person reads as erased, so nothing personal can leave through
 * it, whatever mistake is made behind it. It needs no key database either.
 */
export const noKeys: KeyStore = {
  keyFor: () => Promise.reject(new TypeError('the relay writes nothing')),
  keysFor: async (refs) => new Map(refs.map((ref) => [keyName(ref), null])),
  erase: () => Promise.reject(new TypeError('the relay erases nobody')),
  ready: async () => undefined,
};
