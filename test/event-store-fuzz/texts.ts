/** Names, expressions and numbers that break programs which trust them. */
import type { Random } from './random.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Names of streams and types, as bytes: not all of them are UTF-8. */
export const hostileNames: readonly (string | Buffer)[] = [
  '',
  '$',
  '$$',
  '$$$',
  '$$$$',
  '$all',
  '$$$all',
  '$$$$all',
  '$ce-fuzz',
  '$persistentsubscription-$all::x-checkpoint',
  '$epoch-information',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'a\0b',
  '\0',
  '\r\ngrpc-status: 0\r\n',
  '\u001b[2J\u0007\u0008\u007f',
  '\u202egnp.exe',
  '\ufeffbom',
  '\ufffd',
  'e\u0301'.repeat(300),
  '🐶'.repeat(512),
  '%00%zz%s%n',
  "'; drop table event_store.event; --",
  '{"$tb":9223372036854775807}',
  '0@$all',
  'a'.repeat(2_046),
  'a'.repeat(2_048),
  'a'.repeat(2_049),
  'ü'.repeat(1_024),
  'x'.repeat(100_000),
  `$$${'m'.repeat(2_046)}`,
  // Lone surrogates as three bytes, overlong forms, cut sequences.
  bytes('eda080'),
  bytes('edb080'),
  bytes('61eda08062'),
  bytes('c080'),
  bytes('ff'),
  bytes('f8888080'),
  bytes('e282'),
  bytes('ed'),
  bytes('f09f90'),
];

/** Regular expressions: backtracking without end, broken ones, and some that are merely odd. */
export const hostileExpressions: readonly (string | Buffer)[] = [
  '(a+)+$',
  '(a*)*b',
  '(a|a)*b',
  '(a|aa)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(.*)(.*)(.*)(.*)(.*)(.*)x{50}$',
  '([a-zA-Z]+)*!',
  '(?:a?){40}a{40}!',
  'a*a*a*a*a*a*a*b',
  '(?=(a+)+$)b',
  '(a+)\\1+$',
  `${'(a|a)'.repeat(30)}b`,
  'a{1,65535}{1,65535}',
  '(((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9})',
  '(',
  '[',
  '(?<n>a)(?<n>b)',
  '\\',
  '*',
  '',
  '^[^$].*',
  'x'.repeat(100_000),
  '('.repeat(20_000),
  `${'(?:'.repeat(20_000)}${')'.repeat(20_000)}`,
  '[\\s\\S]*'.repeat(200),
  Buffer.concat([Buffer.from('['), bytes('eda080')]),
  bytes('eda080'),
  bytes('ed'),
  'a\0b',
];

/** Names on which they backtrack; somebody has to have written to them. */
export const baits: readonly string[] = [
  `${'a'.repeat(60)}!`,
  `${'a'.repeat(2_000)}!`,
  `${'ab'.repeat(900)}C`,
];

const MAX = 2n ** 64n - 1n;
export const absurdNumbers: readonly bigint[] = [
  ...[0n, 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n],
  ...[2n ** 53n, 2n ** 63n - 2n, 2n ** 63n - 1n, 2n ** 63n, MAX - 1n, MAX],
];

export const newName = (random: Random): string => `fuzz-${random.uuid()}`;
