import pino from 'pino';

export type Logger = pino.Logger;

/**
 * Personal and secret values never reach a log line. Paths are redacted wherever they stand at the
 * first two levels; log calls name fields after the domain's nouns, so the list stays short.
 */
export const redactedFields = [
  'email',
  'name',
  'attendeeName',
  'attendeeEmail',
  'password',
  'passwordHash',
  'authorization',
  'accessToken',
  'refreshToken',
  'clientSecret',
  'ticket',
  'code',
  'codes',
  'cookie',
] as const;

/** A structured logger: one JSON line an entry, redacted, with the role's name. */
export function createLogger(options: { level: string; name: string }): Logger {
  // Error codes (`ECONNRESET`, `sold-out`) are what one greps for, so `err.code` stays: only a
  // top-level or request-level `code` (a gift code) is hidden.
  return pino({
    level: options.level,
    base: { role: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: redactedFields.flatMap((field) => [
        field,
        `body.${field}`,
        `req.${field}`,
        `headers.${field}`,
        `req.headers.${field}`,
      ]),
      censor: '[redacted]',
    },
    serializers: { err: pino.stdSerializers.err },
  });
}
