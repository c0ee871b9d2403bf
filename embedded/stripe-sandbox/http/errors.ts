import type Stripe from 'stripe';

/** The `error` member of Stripe's error bodies (docs.stripe.com/api/errors). */
export type ErrorBody = {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  charge?: string;
  advice_code?: string;
  network_decline_code?: string;
  doc_url?: string;
  payment_intent?: Stripe.PaymentIntent;
  payment_method?: Stripe.PaymentMethod;
};

/**
 * An answer other than 2xx that changed nothing.
 * `executed`: the request got past validation, so Stripe keeps the error under its idempotency key.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly error: ErrorBody;
  readonly executed: boolean;
  constructor(status: number, error: ErrorBody, executed = false) {
    super(error.message);
    this.name = 'ApiError';
    this.status = status;
    this.error = withDocs(error);
    this.executed = executed;
  }
}

export function withDocs(error: ErrorBody): ErrorBody {
  if (error.code === undefined) return error;
  return {
    ...error,
    doc_url: `https://docs.stripe.com/error-codes/${error.code.replaceAll('_', '-')}`,
  };
}

/** A parameter that does not parse: nothing ran, nothing is kept. */
export const invalidParameter = (
  param: string,
  message: string,
  code?: string,
  type: ErrorBody['type'] = 'invalid_request_error',
): ApiError => new ApiError(400, { type, message, param, ...(code === undefined ? {} : { code }) });

/** A refusal by the state of things: kept under the idempotency key. */
export const refused = (message: string, details: Omit<Partial<ErrorBody>, 'message'> = {}) =>
  new ApiError(400, { type: 'invalid_request_error', message, ...details }, true);

export const resourceMissing = (what: string, id: string, param = 'id', status = 404): ApiError =>
  new ApiError(
    status,
    {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: `No such ${what}: '${id}'`,
      param,
    },
    true,
  );

export const unauthorized = (message: string, code?: string, status = 401): ApiError =>
  new ApiError(status, {
    type: 'invalid_request_error',
    message,
    ...(code === undefined ? {} : { code }),
  });

export const unknownUrl = (method: string, path: string): ApiError =>
  new ApiError(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: ${path}). The sandbox does not have it; see embedded/stripe-sandbox/README.md.`,
  });

export const idempotencyKeyInUse = (key: string): ApiError =>
  new ApiError(409, {
    type: 'invalid_request_error',
    code: 'idempotency_key_in_use',
    message:
      'There is currently another in-progress request using this Idempotent Key (that probably ' +
      `means you submitted twice, and the other request is still going through): ${key}. Please ` +
      'try again later.',
  });

export const idempotencyMismatch = (key: string, rule: string): ApiError =>
  new ApiError(400, {
    type: 'idempotency_error',
    message:
      `Keys for idempotent requests can only be used ${rule}. Try using a key other than '${key}' ` +
      'if you meant to execute a different request.',
  });

export const lockTimeout = (): ApiError =>
  new ApiError(429, {
    type: 'invalid_request_error',
    code: 'lock_timeout',
    message:
      'This object cannot be accessed right now because another API request or Stripe process is ' +
      'currently accessing it. If you see this error intermittently, retry the request.',
  });

export const unavailable = (): ApiError =>
  new ApiError(503, {
    type: 'api_error',
    message: "The sandbox's database is not reachable at the moment. Retry with the same key.",
  });

export const internal = (): ApiError =>
  new ApiError(500, { type: 'api_error', message: 'The sandbox failed; its log says why.' });
