import { timingSafeEqual } from 'node:crypto';
import { unauthorized } from './errors.ts';
import type { Form } from './form.ts';

export type Access = 'secret' | 'publishable';
export type Keys = { secretKey: string; publishableKey: string };

/**
 * `Authorization: Bearer sk_…`, basic authentication with the key as user name, or (as Stripe.js
 * does in a browser) `key=pk_…` among the parameters.
 */
export function authenticate(keys: Keys, header: string | undefined, raw: Form): Access {
  const inBody = typeof raw['key'] === 'string' ? raw['key'] : undefined;
  const key = header === undefined ? inBody : fromHeader(header);
  if (key === undefined || key === '') {
    throw unauthorized(
      'You did not provide an API key. You need to provide your API key in the Authorization ' +
        "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    );
  }
  if (equal(key, keys.secretKey)) return 'secret';
  if (equal(key, keys.publishableKey)) return 'publishable';
  throw unauthorized(`Invalid API Key provided: ${redact(key)}`);
}

function fromHeader(header: string): string | undefined {
  const [scheme = '', value = ''] = header.split(/\s+/, 2);
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0];
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Stripe shows the prefix and the last four characters. */
function redact(key: string): string {
  return key.length < 16 ? '****' : `${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}`;
}
