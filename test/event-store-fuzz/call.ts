/** gRPC calls by hand over node's HTTP/2: frames as they are given, and everything that comes back. */
import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';

export type Ending =
  /** Trailers with a gRPC status. */
  | { readonly kind: 'status'; readonly code: number; readonly details: string }
  /** An HTTP answer that is no gRPC answer. */
  | { readonly kind: 'http'; readonly status: number }
  /** Reset, by either side. */
  | { readonly kind: 'reset'; readonly code: number }
  /** The connection went. */
  | { readonly kind: 'connection' };

export type Call = {
  readonly stream: ClientHttp2Stream;
  /** Bodies of the gRPC messages that have come. */
  readonly messages: readonly Buffer[];
  /** Settles when the call is over on this side. */
  readonly ended: Promise<Ending>;
  /** Settles at the next message, or at the end. */
  next(): Promise<void>;
};

const GRPC_HEADERS: OutgoingHttpHeaders = {
  ':method': 'POST',
  'content-type': 'application/grpc',
  te: 'trailers',
};

export const connect = (origin: string): ClientHttp2Session => {
  // Node's own limits would refuse on this side what is to be refused on the other.
  const session = http2.connect(origin, {
    maxSendHeaderBlockLength: 4 * 1024 * 1024,
    maxSessionMemory: 1_000,
  });
  // What becomes of a call is seen at the call.
  session.on('error', () => undefined);
  return session;
};

/** Takes gRPC messages out of the bytes of a body. */
const unframer = (found: Buffer[]) => {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk: Buffer): boolean => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const before = found.length;
    while (rest.length >= 5) {
      const end = 5 + rest.readUInt32BE(1);
      if (rest.length < end) break;
      found.push(rest.subarray(5, end));
      rest = rest.subarray(end);
    }
    return found.length > before;
  };
};

const statusOf = (headers: IncomingHttpHeaders): Ending | undefined => {
  const code = headers['grpc-status'];
  if (code === undefined) return undefined;
  return { kind: 'status', code: Number(code), details: String(headers['grpc-message'] ?? '') };
};

/** Opens a call; throws when the session can take none. */
export const openCall = (
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
): Call => {
  const stream = session.request({ ...GRPC_HEADERS, ':path': path, ...headers });
  const messages: Buffer[] = [];
  const waiting = new Set<() => void>();
  const stir = (): void => {
    for (const one of [...waiting]) one();
    waiting.clear();
  };
  let ending: Ending | undefined;
  let httpStatus = 0;
  let over = false;
  const take = unframer(messages);
  stream.on('response', (answer) => {
    httpStatus = Number(answer[':status'] ?? 0);
    ending = statusOf(answer) ?? ending;
  });
  stream.on('trailers', (trailers) => {
    ending = statusOf(trailers) ?? ending;
    stir();
  });
  stream.on('data', (chunk: Buffer) => {
    if (take(chunk)) stir();
  });
  // Its code is looked at when the stream has closed.
  stream.on('error', () => undefined);
  const ended = new Promise<Ending>((resolve) => {
    const finish = (): void => {
      over = true;
      if (ending !== undefined) resolve(ending);
      else if (session.destroyed || session.closed) resolve({ kind: 'connection' });
      else if (httpStatus !== 0 && httpStatus !== 200)
        resolve({ kind: 'http', status: httpStatus });
      else resolve({ kind: 'reset', code: stream.rstCode ?? 0 });
      stir();
    };
    stream.once('close', finish);
    // A refused call is over for its client even when it could still send.
    stream.once('end', () => {
      if (!stream.writableEnded) stream.close(http2.constants.NGHTTP2_NO_ERROR);
    });
  });
  return {
    stream,
    messages,
    ended,
    next: () =>
      over ? Promise.resolve() : new Promise<void>((resolve) => void waiting.add(resolve)),
  };
};

const GRPC_CODES = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND'],
  ...['ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION'],
  ...['ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'],
  'UNAUTHENTICATED',
];

/** How a call ended, in a word or two for the report. */
export const wordFor = (ending: Ending): string => {
  switch (ending.kind) {
    case 'status':
      return GRPC_CODES[ending.code] ?? `status ${ending.code}`;
    case 'http':
      return `HTTP ${ending.status}`;
    case 'reset':
      return `reset ${ending.code}`;
    case 'connection':
      return 'connection closed';
  }
};
