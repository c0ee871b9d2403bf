import { connect, type Socket } from 'node:net';

export type Request = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a text as it is, with the `content-type` of its headers. */
  readonly body?: unknown;
};
export type Answer = { readonly status: number; readonly head: string; readonly body: string };

/** Kept connections to one server; each carries one request at a time, the rest waits for a free one. */
export type Connections = {
  send(request: Request): Promise<Answer>;
  /** Requests that have no connection yet. */
  readonly waiting: number;
  close(): void;
};

type Sent = { resolve(answer: Answer): void; reject(error: Error): void };
type Job = Sent & { readonly text: string };

const END_OF_HEAD = '\r\n\r\n';

/** The value of a header in the head of an answer. */
export function headerOf({ head }: Pick<Answer, 'head'>, name: string): string | undefined {
  const lower = head.toLowerCase();
  const at = lower.indexOf(`\r\n${name.toLowerCase()}:`);
  if (at < 0) return undefined;
  const from = at + name.length + 3;
  const to = head.indexOf('\r\n', from);
  return head.slice(from, to < 0 ? undefined : to).trim();
}

/**
 * A client that costs little, because it works on the cores of what it measures: it writes requests
 * as text and reads of an answer no more than where it ends. It wants answers with a
 * `Content-Length`, which is what both APIs send.
 *
 * Every connection comes from an address of its own (127.0.1.1, 127.0.1.2, …: all of 127/8 is this
 * machine), as the users of a season do: the limits by address are part of what is measured.
 */
export function openConnections(url: string, count: number): Connections {
  const { hostname, port, host } = new URL(url);
  const idle: Connection[] = [];
  const jobs: Job[] = [];
  let closed = false;

  const next = (connection: Connection): void => {
    const job = jobs.shift();
    if (job === undefined) idle.push(connection);
    else connection.carry(job);
  };
  const all = Array.from({ length: count }, (_, index) => {
    const localAddress = `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
    const open = () => connect({ host: hostname, port: Number(port), localAddress, noDelay: true });
    return createConnection(open, next);
  });
  idle.push(...all);

  return {
    get waiting() {
      return jobs.length;
    },
    send: (request) =>
      new Promise((resolve, reject) => {
        if (closed) throw new Error('the connections were closed');
        const job = { text: textOf(request, host), resolve, reject };
        const connection = idle.pop();
        if (connection === undefined) jobs.push(job);
        else connection.carry(job);
      }),
    close: () => {
      closed = true;
      for (const connection of all) connection.close();
    },
  };
}

function textOf({ method, path, headers = {}, body }: Request, host: string): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const payload = body === undefined ? '' : text;
  const lines = Object.entries({
    host,
    ...(body === undefined
      ? {}
      : {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(payload)),
        }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${payload}`;
}

type Connection = { carry(job: Job): void; close(): void };

function createConnection(open: () => Socket, free: (connection: Connection) => void): Connection {
  let sent: Sent | undefined;
  let received = '';

  const broke = (error: Error): void => {
    sent?.reject(error);
    sent = undefined;
    received = '';
  };
  const opened = (): Socket => {
    const mine = open();
    // What an old one still has to say is not about the request of the new one.
    const ended = (error: Error): void => {
      if (mine === socket) broke(error);
    };
    // Lengths are in bytes, and in latin1 a character is a byte.
    mine.setEncoding('latin1');
    mine.on('error', ended);
    mine.on('close', () => ended(new Error('the server closed a connection')));
    mine.on('data', (text: string) => {
      received = received === '' ? text : received + text;
      const answer = wholeAnswer(received);
      if (answer === undefined || sent === undefined) return;
      const { resolve } = sent;
      received = '';
      sent = undefined;
      resolve(answer);
      free(connection);
    });
    return mine;
  };
  let socket = opened();
  const connection: Connection = {
    carry: (job) => {
      // Servers close what is idle for a minute; what is written to it then is told to nobody.
      if (socket.destroyed || socket.readableEnded) socket = opened();
      sent = job;
      socket.write(job.text);
    },
    close: () => socket.destroy(),
  };
  return connection;
}

function wholeAnswer(received: string): Answer | undefined {
  const headEnd = received.indexOf(END_OF_HEAD);
  if (headEnd < 0) return undefined;
  const head = received.slice(0, headEnd);
  const length = Number(headerOf({ head }, 'content-length') ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error(`an answer without its length: ${head}`);
  const bodyAt = headEnd + END_OF_HEAD.length;
  if (received.length < bodyAt + length) return undefined;
  const body = Buffer.from(received.slice(bodyAt, bodyAt + length), 'latin1').toString('utf8');
  return { status: Number(head.slice(9, 12)), head, body };
}
