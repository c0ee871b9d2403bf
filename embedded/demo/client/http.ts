import { Agent, type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';

export type Call = {
  readonly method?: string;
  readonly url: string;
  /** Goes out as it is, where the path of `url` would be normalised. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Text and bytes go out as they are, anything else as JSON. */
  readonly body?: unknown;
  /** The address it comes from, of this machine: on Linux any of 127.0.0.0/8. */
  readonly from?: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
};

export type Http = {
  /** Rejects when no whole answer came: what became of the request is then unknown. */
  send(call: Call): Promise<Answer>;
  close(): void;
};

/** Longer than any deadline of the platform, so that a hang is a failure and not a wait. */
const PATIENCE_MS = 30_000;

/**
 * Plain `node:http` over kept connections: it holds a thousand requests at once, each on a
 * connection of its own, and repeats nothing by itself.
 */
export function createHttp(): Http {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 2000 });

  const send = ({ method = 'GET', url, path, headers = {}, body, from }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const payload = bodyOf(body);
      const sent = request(url, {
        agent,
        method,
        headers: { ...payload?.headers, ...headers },
        timeout: PATIENCE_MS,
        ...(path === undefined ? {} : { path }),
        ...(from === undefined ? {} : { localAddress: from }),
      });
      sent.on('timeout', () => {
        sent.destroy(new Error(`${method} ${url}: no answer in ${PATIENCE_MS} ms`));
      });
      sent.on('error', reject);
      let answered = false;
      sent.on('response', (response) => {
        answered = true;
        const chunks: Buffer[] = [];
        const text = () => Buffer.concat(chunks).toString('utf8');
        const whole = (): void => {
          // What is not sent by now is not wanted.
          if (!sent.writableEnded) sent.destroy();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: text() });
        };
        const streams = response.headers['content-type']?.startsWith('text/event-stream') ?? false;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          // A stream has no end: its first message is the answer.
          if (!streams || !/^data: .*\n\n/m.test(text())) return;
          whole();
          sent.destroy();
        });
        response.on('error', reject);
        response.on('end', whole);
      });
      sendBody(sent, payload?.bytes, () => answered);
    });

  return { send, close: () => agent.destroy() };
}

const PIECE = 64 * 1024;

/**
 * In pieces, and no more of them once the answer is there: a body that is refused by its size is not
 * read, and whoever goes on writing to a closed connection loses the answer.
 */
function sendBody(sent: ClientRequest, bytes: Buffer | undefined, answered: () => boolean): void {
  if (bytes === undefined || bytes.length <= PIECE) {
    sent.end(bytes);
    return;
  }
  const next = (at: number): void => {
    if (answered() || sent.destroyed) return;
    if (at >= bytes.length) {
      sent.end();
      return;
    }
    sent.write(bytes.subarray(at, at + PIECE), () => setImmediate(next, at + PIECE));
  };
  next(0);
}

function bodyOf(body: unknown): { bytes: Buffer; headers: Record<string, string> } | undefined {
  if (body === undefined) return undefined;
  const asItIs = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(asItIs ? body : JSON.stringify(body));
  const type = asItIs ? {} : { 'content-type': 'application/json' };
  return { bytes, headers: { ...type, 'content-length': String(bytes.length) } };
}

/** An answer that the test did not expect, with what it said. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
  readonly answer: Answer;
  constructor(what: string, answer: Answer) {
    super(`${what}: ${answer.status} ${answer.text.slice(0, 500)}`);
    this.answer = answer;
  }
}
