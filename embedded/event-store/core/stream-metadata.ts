import { type AccessList, accessListFrom, isAccessList } from './access-list.ts';
import { isMetastream, MAX_INT64 } from './model.ts';

/** The keys of a stream's metadata that change what a reader sees. */
export type StreamLimits = {
  readonly maxCount?: bigint;
  readonly maxAgeSeconds?: bigint;
  readonly truncateBefore?: bigint;
};

const NO_LIMITS: StreamLimits = {};
/** A metastream shows its last event only: the current metadata. */
const METASTREAM_LIMITS: StreamLimits = { maxCount: 1n };

type JsonObject = { readonly [key: string]: unknown };

// Standard since ES2026 and in Node, not yet in TypeScript's library.
declare global {
  interface JSON {
    rawJSON(text: string): unknown;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/**
 * Revisions in metadata may be larger than a double can say ($tb of a soft deleted stream is the
 * largest int64), so integers are taken from the source text.
 */
export const parseObject = (raw: Buffer): JsonObject | undefined => {
  try {
    const value = JSON.parse(raw.toString('utf8'), (_key, parsed, { source }) =>
      typeof parsed === 'number' && source !== undefined && /^-?\d+$/.test(source)
        ? BigInt(source)
        : parsed,
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    // Malformed metadata means no limits: a stream does not become unreadable by a typing error.
    return undefined;
  }
};

const limit = (value: unknown, least: bigint): bigint | undefined =>
  typeof value === 'bigint' && value >= least ? value : undefined;

type Valid = (value: unknown) => boolean;

const isInteger: Valid = (value) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value;

/** The keys the server reads; one that is malformed makes it read none of them. */
const KNOWN_KEYS: readonly (readonly [string, Valid])[] = [
  ['$maxCount', isInteger],
  ['$maxAge', isInteger],
  ['$tb', isInteger],
  ['$cacheControl', isInteger],
  ['$acl', isAccessList],
];

const isWellFormed = (object: JsonObject): boolean =>
  KNOWN_KEYS.every(([key, valid]) => !Object.hasOwn(object, key) || valid(object[key]));

const parseMetadata = (raw: Buffer | undefined): JsonObject | undefined => {
  const object = raw === undefined ? undefined : parseObject(raw);
  return object !== undefined && isWellFormed(object) ? object : undefined;
};

/**
 * The access list out of the last event of the metastream. Metadata that is malformed has none, as in
 * the real server: then the defaults decide.
 */
export const parseAccessList = (raw: Buffer | undefined): AccessList | undefined =>
  accessListFrom(parseMetadata(raw)?.['$acl']);

/** Limits out of the last event of the metastream; anything malformed means none. */
export const parseLimits = (raw: Buffer | undefined): StreamLimits => {
  const object = parseMetadata(raw);
  if (object === undefined) return NO_LIMITS;
  const maxCount = limit(object['$maxCount'], 1n);
  const maxAgeSeconds = limit(object['$maxAge'], 1n);
  const truncateBefore = limit(object['$tb'], 0n);
  return {
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    ...(truncateBefore === undefined ? {} : { truncateBefore }),
  };
};

export const limitsOf = (stream: string, rawMetadata: Buffer | undefined): StreamLimits =>
  isMetastream(stream) ? METASTREAM_LIMITS : parseLimits(rawMetadata);

export const isSoftDeleted = (limits: StreamLimits): boolean => limits.truncateBefore === MAX_INT64;

/** First revision a reader may see. */
export const firstVisible = (limits: StreamLimits, last: bigint): bigint => {
  const byCount = limits.maxCount === undefined ? 0n : last - limits.maxCount + 1n;
  const byTruncation = limits.truncateBefore ?? 0n;
  const first = byCount > byTruncation ? byCount : byTruncation;
  return first > 0n ? first : 0n;
};

const TICKS_PER_SECOND = 10_000_000n;

/** Oldest `created` a reader may see, in ticks; 0, which is all, for an age beyond 1970. */
export const oldestVisible = (limits: StreamLimits, nowTicks: bigint): bigint => {
  if (limits.maxAgeSeconds === undefined) return 0n;
  const oldest = nowTicks - limits.maxAgeSeconds * TICKS_PER_SECOND;
  return oldest > 0n ? oldest : 0n;
};

const withRawIntegers = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? JSON.rawJSON(value.toString()) : value;

/** The old metadata with another `$tb`; what cannot be read is replaced. */
export const withTruncateBefore = (raw: Buffer | undefined, truncateBefore: bigint): Buffer => {
  const old = raw === undefined ? {} : (parseObject(raw) ?? {});
  return Buffer.from(JSON.stringify({ ...old, $tb: truncateBefore }, withRawIntegers), 'utf8');
};

export const softDeletedMetadata = (): Buffer => Buffer.from(`{"$tb":${MAX_INT64}}`, 'utf8');
