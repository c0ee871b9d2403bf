import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export type Call = {
  readonly method?: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string goes out as it is, anything else as JSON. */
  readonly body?: unknown;
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

  const send = ({ method = 'GET', url, headers = {}, body }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const payload = bodyOf(body);
      const sent = request(url, {
        agent,
        method,
        headers: { ...payload?.headers, ...headers },
        timeout: PATIENCE_MS,
      });
      sent.on('timeout', () => {
        sent.destroy(new Error(`${method} ${url}: no answer in ${PATIENCE_MS} ms`));
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      sent.end(payload?.text);
    });

  return { send, close: () => agent.destroy() };
}

function bodyOf(body: unknown): { text: string; headers: Record<string, string> } | undefined {
  if (body === undefined) return undefined;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? {} : { 'content-type': 'application/json' };
  return { text, headers: { ...type, 'content-length': String(Buffer.byteLength(text)) } };
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
