import { HttpProblem, idempotencyKeyFormat } from '../platform/http/index.ts';

const HEADER = '#/header/Idempotency-Key';
const FORMAT = new RegExp(idempotencyKeyFormat.pattern);

/**
 * The key, as the format of the header has it. `"abc"` and `abc` are one key. A space would mean that
 * the header came twice.
 */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string {
  if (header === undefined || header === '') {
    throw new HttpProblem('idempotency-key-missing', {
      errors: [{ pointer: HEADER, message: 'required' }],
    });
  }
  const text = typeof header === 'string' ? header.trim() : header.join(', ');
  if (!FORMAT.test(text)) {
    throw new HttpProblem('idempotency-key-invalid', {
      errors: [{ pointer: HEADER, message: `expected ${idempotencyKeyFormat.words}` }],
    });
  }
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') : text;
}
