import { HttpProblem } from './problem.ts';

/**
 * How far somebody has seen. A write answers with it, a read waits for it: nobody misses their own
 * writes. Opaque to clients; a position of `$all`, never compared with one of another log.
 */
export const CONSISTENCY_TOKEN = 'consistency-token';

/** For the commit position of the newest event that an answer knows of. */
export function encodeConsistencyToken(position: bigint): string {
  return Buffer.from(JSON.stringify({ v: 1, position: position.toString() })).toString('base64url');
}

const SHAPE = /^[A-Za-z0-9_-]{1,100}$/;
const MAX_POSITION = 2n ** 64n;

/** Throws the problem `invalid-consistency-token` for anything that was not encoded here. */
export function decodeConsistencyToken(token: string): bigint {
  const position = SHAPE.test(token)
    ? positionIn(Buffer.from(token, 'base64url').toString())
    : null;
  if (position === null || encodeConsistencyToken(position) !== token) {
    throw new HttpProblem('invalid-consistency-token', {
      errors: [
        {
          pointer: '#/header/Consistency-Token',
          message: 'expected a token as an answer carried it',
        },
      ],
    });
  }
  return position;
}

function positionIn(text: string): bigint | null {
  const digits = /^\{"v":1,"position":"(\d{1,20})"\}$/.exec(text)?.[1];
  if (digits === undefined) return null;
  const position = BigInt(digits);
  return position < MAX_POSITION ? position : null;
}
