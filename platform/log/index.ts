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

/** Lines are written together, as soon as they come to this many bytes or have waited this long. */
const GATHERED_BYTES = 4096;
const GATHERED_MS = 200;
/** From `warn` on a line is not kept waiting: it may be the last one. */
const URGENT = pino.levels.values['warn'] ?? 40;

/**
 * Standard output, written to in batches: a system call for every line was a twentieth of the write
 * API's time. A process that is killed with SIGKILL loses the unremarkable lines of its last moment;
 * every other end writes them first.
 */
function gatheringOutput(): Output {
  const gathering = pino.destination({ dest: 1, minLength: GATHERED_BYTES, sync: false });
  setInterval(() => gathering.flush(), GATHERED_MS).unref();
  return gathering;
}

type Output = pino.DestinationStream & { flush(): void };
/** One for the process: there is one standard output. */
let shared: Output | undefined;

/** A structured logger: one JSON line an entry, redacted, with the role's name. */
export function createLogger(options: { level: string; name: string }): Logger {
  shared ??= gatheringOutput();
  const output = shared;
  // Error codes (`ECONNRESET`, `sold-out`) are what one greps for, so `err.code` stays: only a
  // top-level or request-level `code` (a gift code) is hidden.
  const settings: pino.LoggerOptions = {
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
    hooks: {
      logMethod(line, write, level) {
        write.apply(this, line);
        if (level >= URGENT) output.flush();
      },
    },
  };
  return pino(settings, output);
}
