import { HttpProblem } from '../platform/http/index.ts';

const HEADER = '#/header/Idempotency-Key';
/** 1 to 255 visible characters; a space would mean that the header came twice. */
const BARE = /^[\x21-\x7e]{1,255}$/;

/**
 * The key, out of a structured-field string as the draft has it (`"abc"`, RFC 8941 §3.3.3) or bare,
 * as Stripe's clients send it. `"abc"` and `abc` are one key.
 */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string {
  if (header === undefined || header === '') {
    throw new HttpProblem('idempotency-key-missing', {
      errors: [{ pointer: HEADER, message: 'required' }],
    });
  }
  const text = typeof header === 'string' ? header.trim() : header.join(', ');
  const key = text.startsWith('"') ? unquote(text) : text;
  if (key === null || !BARE.test(key)) {
    throw new HttpProblem('idempotency-key-invalid', {
      errors: [{ pointer: HEADER, message: 'expected 1 to 255 visible ASCII characters' }],
    });
  }
  return key;
}

function unquote(text: string): string | null {
  const inner = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1];
  return inner === undefined ? null : inner.replaceAll(/\\(["\\])/g, '$1');
}
