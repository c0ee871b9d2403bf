import { hash } from 'node:crypto';

/**
 * The last revision of every stream, in 16 bytes each: a log may have millions of streams, and a map
 * of their names would not fit. A stream is known by 64 bits of its name's MD5: among ten million
 * streams two share them with a chance of 3 in a million, and that would show as a gap that is none.
 */
export type StreamRevisions = {
  /** The revision noted before, -1 for none; notes this one. */
  swap(stream: string, revision: bigint): bigint;
};

const FIRST_SIZE = 1_024;
/** Marks a free slot; no name's key. */
const FREE = 0n;

const keyOf = (stream: string): bigint => hash('md5', stream, 'buffer').readBigUInt64LE(0) || 1n;

export const createStreamRevisions = (): StreamRevisions => {
  let keys = new BigUint64Array(FIRST_SIZE);
  let revisions = new BigInt64Array(FIRST_SIZE);
  let count = 0;

  const slotOf = (table: BigUint64Array, key: bigint): number => {
    const mask = table.length - 1;
    let slot = Number(key & 0x3fff_ffffn) & mask;
    while (table[slot] !== FREE && table[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  };
  const grow = (): void => {
    const [oldKeys, oldRevisions] = [keys, revisions];
    keys = new BigUint64Array(oldKeys.length * 2);
    revisions = new BigInt64Array(oldKeys.length * 2);
    for (const [index, key] of oldKeys.entries()) {
      if (key === FREE) continue;
      const slot = slotOf(keys, key);
      keys[slot] = key;
      revisions[slot] = oldRevisions[index] ?? 0n;
    }
  };

  return {
    swap(stream, revision) {
      const key = keyOf(stream);
      let slot = slotOf(keys, key);
      const known = keys[slot] === key;
      const before = known ? (revisions[slot] ?? -1n) : -1n;
      if (!known) {
        count += 1;
        if (count * 2 > keys.length) {
          grow();
          slot = slotOf(keys, key);
        }
        keys[slot] = key;
      }
      revisions[slot] = revision;
      return before;
    },
  };
};
