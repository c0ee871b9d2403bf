import { createHmac, randomBytes } from 'node:crypto';
import type { User } from '../core/access.ts';
import { boundedMap } from '../core/bounded-map.ts';
import { hashPassword, isPassword } from './password.ts';
import type { Account } from './users.ts';

/** What an `authorization` header comes to. */
export type Identity =
  | { readonly kind: 'user'; readonly user: User }
  /** No header at all. */
  | { readonly kind: 'anonymous' }
  /** A header that proves nothing: no Basic, an unknown user or a wrong password. */
  | { readonly kind: 'refused' }
  /** Too many others are being checked. */
  | { readonly kind: 'busy' };

/** A promise only when a password has to be checked; those that were right are remembered. */
export type SignIn = (header: string | undefined) => Identity | Promise<Identity>;

const ANONYMOUS: Identity = { kind: 'anonymous' };
const REFUSED: Identity = { kind: 'refused' };
const BUSY: Identity = { kind: 'busy' };

/** Headers that were found right; a restart forgets them. */
const REMEMBERED = 1_000;
/** Checks that may wait. One runs at a time, so that guessing leaves the machine to the others. */
const MOST_WAITING = 64;

type Claim = { readonly name: string; readonly password: string };

/** RFC 7617: base64 of `name:password`; the name ends at the first colon. */
const claimFrom = (header: string): Claim | undefined => {
  const [, encoded] = /^basic +([\w+/]+=*)$/i.exec(header) ?? [];
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
};

/**
 * Tells who sends a header. Every call of a client carries one, and checking a password takes 50 ms
 * on purpose, so a header that was right is known again by its HMAC under a key of this process:
 * the passwords themselves are not kept, and a look-up tells nothing about them by its time.
 */
export const createSignIn = async (accounts: readonly Account[]): Promise<SignIn> => {
  const byName = new Map(accounts.map((account) => [account.name, account]));
  // An unknown name takes as long as a known one.
  const nobody = await hashPassword(randomBytes(16).toString('hex'));
  const secret = randomBytes(32);
  const remembered = boundedMap<Identity>(REMEMBERED);
  const checking = new Map<string, Promise<Identity>>();
  let last: Promise<unknown> = Promise.resolve();

  const check = async (key: string, { name, password }: Claim): Promise<Identity> => {
    const account = byName.get(name);
    const right = await isPassword(password, account?.password ?? nobody);
    if (!right || account === undefined) return REFUSED;
    const user: User = { name: account.name, groups: account.groups };
    const identity: Identity = { kind: 'user', user };
    remembered.set(key, identity);
    return identity;
  };

  return (header) => {
    if (header === undefined) return ANONYMOUS;
    const key = createHmac('sha256', secret).update(header).digest('base64');
    // Calls that come at once with the same header, as after a connect, share one check.
    const known = remembered.get(key) ?? checking.get(key);
    if (known !== undefined) return known;
    const claim = claimFrom(header);
    if (claim === undefined) return REFUSED;
    if (checking.size >= MOST_WAITING) return BUSY;
    const answer = last
      .then(() => check(key, claim))
      .finally(() => {
        checking.delete(key);
      });
    checking.set(key, answer);
    // The next one waits for the end of this, whatever it is; who asked hears of an error.
    last = answer.catch(() => undefined);
    return answer;
  };
};
