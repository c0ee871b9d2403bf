import { isIPv6 } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem } from './problem.ts';
import {
  type BucketLimit,
  createTokenBuckets,
  type Taken,
  type TokenBuckets,
} from './token-buckets.ts';

/** Limits of one class of routes. Left out: not limited. */
export type RateLimit = { readonly address?: BucketLimit; readonly person?: BucketLimit };
export type RateLimits = Readonly<Record<string, RateLimit>>;

/** The class of routes that name none: pages, the reference, paths that are not there. */
const OTHER = 'other';
/** The class of what looks after the process: it has no limit, least of all when there is trouble. */
export const PROBES = 'probes';

type Policy = 'address' | 'person';
type Classes = ReadonlyMap<string, TokenBuckets>;

function bucketsOf(limits: RateLimits, policy: Policy): Classes {
  return new Map(
    Object.entries(limits).flatMap(([name, limit]) => {
      const bucket = limit[policy];
      return bucket === undefined ? [] : [[name, createTokenBuckets(bucket)] as const];
    }),
  );
}

/**
 * Two hooks: by address before anything is verified, by person once it is known who asks. Headers as
 * in draft-ietf-httpapi-ratelimit-headers-11: `q` requests in `w` seconds, `r` left, full in `t`.
 */
export function createRateLimiter(limits: RateLimits) {
  const byAddress = bucketsOf(limits, 'address');
  const byPerson = bucketsOf(limits, 'person');

  const spend = (policy: Policy, classes: Classes, key: string, exchange: Exchange): void => {
    const { request, reply } = exchange;
    // An unknown path has no configuration: looking for one costs as much as a page.
    const buckets = classes.get(request.routeOptions.config?.rateClass ?? OTHER);
    if (buckets === undefined) return;
    const taken = buckets.take(key);
    addHeader(reply, 'RateLimit-Policy', policyOf(policy, buckets.limit));
    addHeader(reply, 'RateLimit', `"${policy}";r=${taken.remaining};t=${taken.resetSeconds}`);
    if (!taken.allowed) throw limited(policy, taken);
  };

  return {
    perAddress(request: FastifyRequest, reply: FastifyReply): void {
      spend('address', byAddress, addressKey(request.ip), { request, reply });
    },
    perPerson(request: FastifyRequest, reply: FastifyReply): void {
      const { caller } = request;
      if (caller.kind === 'person') spend('person', byPerson, caller.id, { request, reply });
    },
  };
}

type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply };

function policyOf(policy: Policy, { burst, perSecond }: BucketLimit): string {
  return `"${policy}";q=${burst};w=${Math.ceil(burst / perSecond)}`;
}

function addHeader(reply: FastifyReply, name: string, item: string): void {
  const before = reply.getHeader(name);
  reply.header(name, before === undefined ? item : `${String(before)}, ${item}`);
}

function limited(policy: Policy, { retryAfterSeconds }: Taken): HttpProblem {
  return new HttpProblem('rate-limited', {
    facts: { policy },
    headers: { 'Retry-After': String(Math.max(1, retryAfterSeconds)) },
  });
}

/** An IPv6 household has 2⁶⁴ addresses: they are one. IPv4 in IPv6 clothes is IPv4. */
export function addressKey(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = ip.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const missing =
    tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(Boolean).length;
  const full = [...groups, ...Array<string>(missing).fill('0'), ...(tail ?? '').split(':')];
  return `${full
    .slice(0, 4)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':')}::/64`;
}
