/** A bucket holds `burst` tokens and gets `perSecond` back; each request takes one. */
export type BucketLimit = { readonly burst: number; readonly perSecond: number };

export type Taken = {
  readonly allowed: boolean;
  /** Whole tokens left. */
  readonly remaining: number;
  /** Seconds until the bucket is full again. */
  readonly resetSeconds: number;
  /** Seconds until the next token; 0 when one is there. */
  readonly retryAfterSeconds: number;
};

export type TokenBuckets = {
  readonly limit: BucketLimit;
  take(key: string): Taken;
  /** Puts a token back: the request turned out not to count. */
  giveBack(key: string): void;
  size(): number;
};

type Bucket = { tokens: number; at: number };

/**
 * Token buckets by key, in memory: each process counts for itself. A full bucket is the same as
 * none, so forgetting the least recently used one only ever helps its owner, and memory is bounded.
 */
export function createTokenBuckets(
  limit: BucketLimit,
  options: { maxKeys?: number; now?: () => number } = {},
): TokenBuckets {
  const { maxKeys = 50_000, now = () => performance.now() } = options;
  const buckets = new Map<string, Bucket>();

  const filled = (key: string): Bucket => {
    const at = now();
    const bucket = buckets.get(key);
    if (bucket === undefined) return { tokens: limit.burst, at };
    const gained = ((at - bucket.at) / 1000) * limit.perSecond;
    return { tokens: Math.min(limit.burst, bucket.tokens + gained), at };
  };

  const keep = (key: string, bucket: Bucket): void => {
    buckets.delete(key);
    if (bucket.tokens >= limit.burst) return;
    buckets.set(key, bucket);
    if (buckets.size <= maxKeys) return;
    const [oldest] = buckets.keys();
    if (oldest !== undefined) buckets.delete(oldest);
  };

  return {
    limit,
    take(key) {
      const bucket = filled(key);
      const allowed = bucket.tokens >= 1;
      if (allowed) bucket.tokens -= 1;
      keep(key, bucket);
      return {
        allowed,
        remaining: Math.floor(bucket.tokens),
        resetSeconds: Math.ceil((limit.burst - bucket.tokens) / limit.perSecond),
        retryAfterSeconds: allowed ? 0 : Math.ceil((1 - bucket.tokens) / limit.perSecond),
      };
    },
    giveBack(key) {
      const bucket = filled(key);
      keep(key, { ...bucket, tokens: Math.min(limit.burst, bucket.tokens + 1) });
    },
    size: () => buckets.size,
  };
}
