import { randomBytes } from 'node:crypto';

/** A call into OpenSSL costs about as much for a page as for a nonce, and a request needs four. */
const PAGE = 4096;

let page = Buffer.alloc(0);
let used = 0;

/**
 * `count` bytes of the system's generator, each handed out once: for nonces and identifiers, which
 * are no secrets. Keys, salts and tokens take `randomBytes`, so that none is in memory before its use.
 */
export function freshBytes(count: number): Buffer {
  if (used + count > page.length) {
    // A new page, not a refilled one: what was handed out stays as it is.
    page = randomBytes(Math.max(PAGE, count));
    used = 0;
  }
  used += count;
  return page.subarray(used - count, used);
}
