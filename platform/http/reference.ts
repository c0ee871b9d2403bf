/** Headers the operations name, as the API reference describes them. */
type HeaderDoc = {
  readonly name: string;
  readonly required?: boolean;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example: string;
};

/**
 * What an `Idempotency-Key` may be: said to people and to machines here, and held by the write API.
 * Bare, as Stripe's clients send it, or a structured-field string (RFC 8941 §3.3.3), in which a
 * backslash comes before `"` and `\`; quotes and backslashes do not count.
 */
export const idempotencyKeyFormat = {
  words: '1 to 255 visible ASCII characters, bare or in double quotes',
  pattern: String.raw`^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$`,
} as const;

const ifMatch: HeaderDoc = {
  name: 'If-Match',
  description:
    'The revision you have seen, in double quotes: the `ETag` of a write, or `revision` of a read. When it has become another one, nothing happens (412). `*`: whatever it is.',
  schema: { type: 'string' },
  example: '"3"',
};

export const requestHeaders: Readonly<Record<string, HeaderDoc>> = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    required: true,
    description: `Names this one wish: ${idempotencyKeyFormat.words} (a UUID is good). Sent again with the same input it answers as before, with \`Idempotency-Hit: true\`; with another input it is refused (422). A refusal does not use it up.`,
    schema: { type: 'string', pattern: idempotencyKeyFormat.pattern },
    example: 'c1b9b0a2-6f0b-4d53-9c56-0f3f3b8c2a11',
  },
  IfMatch: ifMatch,
  IfMatchRequired: { ...ifMatch, required: true },
  ConsistencyToken: {
    name: 'Consistency-Token',
    description:
      'The token that came with a write (or an earlier read): the answer shows at least that much, or is a 503 `not-yet-visible`.',
    schema: { type: 'string', maxLength: 100 },
    example: 'eyJ2IjoxLCJwb3NpdGlvbiI6IjE4MjMifQ',
  },
  LastEventId: {
    name: 'Last-Event-ID',
    description:
      'The `id` of the last event you got: the stream goes on after it. `EventSource` sends it by itself. None: it begins with a snapshot.',
    schema: { type: 'string', pattern: '^[0-9]{0,15}$' },
    example: '1823',
  },
  Prefer: {
    name: 'Prefer',
    description:
      '`wait=n`: how many seconds to wait for the token, up to 10 (RFC 7240). Default: 3.',
    schema: { type: 'string' },
    example: 'wait=5',
  },
};

export const responseHeaders: Readonly<Record<string, HeaderDoc>> = {
  ETag: {
    name: 'ETag',
    description: 'The revision of what was changed, as a strong entity tag.',
    schema: { type: 'string' },
    example: '"3"',
  },
  ConsistencyToken: {
    name: 'Consistency-Token',
    description: 'How far this answer has seen. Send it with a read that has to show it.',
    schema: { type: 'string' },
    example: 'eyJ2IjoxLCJwb3NpdGlvbiI6IjE4MjMifQ',
  },
  IdempotencyHit: {
    name: 'Idempotency-Hit',
    description: '`true`: the key had been executed before; this is the answer of that time.',
    schema: { type: 'string', const: 'true' },
    example: 'true',
  },
  Location: {
    name: 'Location',
    description: 'Where the read API shows what was made.',
    schema: { type: 'string', format: 'uri-reference' },
    example: 'http://127.0.0.1:4001/v1/activities/act_01h455vb4pex5vsknk084sn02q',
  },
  Link: {
    name: 'Link',
    description: 'The next page, `rel="next"` (RFC 8288). None: this is the last.',
    schema: { type: 'string' },
    example: '</v1/activities?cursor=eyJ2IjoxfQ>; rel="next"',
  },
};

/** What scripts of other origins may send and see. */
export const corsHeaders = {
  allowed: ['Authorization', 'Content-Type', 'traceparent', ...namesOf(requestHeaders)],
  exposed: ['RateLimit', 'RateLimit-Policy', 'Retry-After', ...namesOf(responseHeaders)],
};

function namesOf(headers: Readonly<Record<string, HeaderDoc>>): string[] {
  return [...new Set(Object.values(headers).map(({ name }) => name))];
}

/** Problems any operation may answer, by what it takes. */
export function commonProblems(operation: {
  readonly access: { readonly kind: string };
  readonly hasBody: boolean;
  readonly hasPath: boolean;
  readonly requestHeaders: readonly string[];
}): string[] {
  const { access, hasBody, hasPath } = operation;
  return [
    'invalid-input',
    ...(hasBody ? ['malformed-json', 'nesting-too-deep', 'forbidden-key'] : []),
    // Of public operations too: an `Authorization` that is no bearer token is not passed over.
    ...['invalid-token', 'unauthenticated'],
    ...(access.kind === 'roles' ? ['forbidden'] : []),
    ...(hasPath ? ['not-found'] : []),
    ...(hasBody ? ['body-too-large', 'unsupported-media-type'] : []),
    'rate-limited',
    'internal-error',
    ...['overloaded', 'unavailable', 'timed-out'],
  ];
}

/** The schema of a problem document, for the reference. */
export const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem details. Facts about the refusal stand beside these members.',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance', 'traceId'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'A page about this code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable: what programs look at.' },
    detail: { type: 'string', description: 'One sentence for a person.' },
    instance: { type: 'string', description: 'The path that was asked.' },
    traceId: { type: 'string', description: 'Quote it to support.' },
    errors: {
      type: 'array',
      description: 'Each field that is wrong.',
      items: {
        type: 'object',
        required: ['pointer', 'message'],
        properties: {
          pointer: {
            type: 'string',
            description:
              'JSON Pointer into the body; `#/query/…`, `#/path/…` and `#/header/…` for what is not in it.',
          },
          message: { type: 'string' },
        },
      },
    },
  },
} as const;
