import Stripe from 'stripe';

/**
 * Stripe did not answer, or not in a way that says what happened. A call that changes something may
 * have been carried out: the same call under the same key finds out.
 */
export class StripeUnavailableError extends Error {
  override readonly name = 'StripeUnavailableError';
  readonly retry = 'later';
}

/** Stripe said no: the same call would be refused again. `code` is Stripe's. */
export class StripeRefusedError extends Error {
  override readonly name = 'StripeRefusedError';
  readonly retry = 'never';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

/** What Stripe answered lacks something that we rely on (another API version, a proxy's page). */
export class StripeAnswerError extends Error {
  override readonly name = 'StripeAnswerError';
}

/** A webhook whose signature is not Stripe's, or whose time stamp is too old. */
export class WebhookRefusedError extends Error {
  override readonly name = 'WebhookRefusedError';
}

/** Refused for now, by error code: the same call may succeed in a moment. */
const PASSING = new Set(['lock_timeout', 'idempotency_key_in_use', 'rate_limit']);

/** An error of the `stripe` package as what it means to us. */
export function translate(what: string, error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  const code = error.code ?? error.type;
  const passing =
    error instanceof Stripe.errors.StripeConnectionError ||
    error instanceof Stripe.errors.StripeAPIError ||
    error instanceof Stripe.errors.StripeRateLimitError ||
    // Our key is wrong or expired: that says nothing about the call, which works once it is mended.
    error instanceof Stripe.errors.StripeAuthenticationError ||
    error instanceof Stripe.errors.StripePermissionError ||
    PASSING.has(code) ||
    (error.statusCode ?? 0) >= 500;
  if (passing) {
    return new StripeUnavailableError(`no clear answer to ${what} (${code})`, { cause: error });
  }
  return new StripeRefusedError(code, `${what}: ${error.message}`, { cause: error });
}
