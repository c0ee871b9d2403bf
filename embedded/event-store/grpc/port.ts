import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Certificate } from './certificate.ts';
import { helloIn } from './hello.ts';

/** A connection that does not say hello in this time is no client's. */
const HELLO_MS = 10_000;

type HttpPage = { readonly code: number; readonly body?: string };
/** What the real server answers there; liveness has no body. */
const pages: Readonly<Record<string, HttpPage>> = {
  '/ping': { code: 200, body: '{"msg":"Ping!"}' },
  '/health/live': { code: 204 },
};
const NOT_FOUND: HttpPage = { code: 404, body: '{"error":"not found"}' };

export type Port = {
  readonly port: number;
  /** How many connections are open. */
  readonly open: number;
  /** No new connections; the open ones go on. */
  refuse(): void;
  /** Settles when no connection is open. */
  drained(): Promise<void>;
  close(): Promise<void>;
};

/** Waits for a whole hello, and hands the connection on. */
const greet = (socket: Socket, patienceMs: number, use: (http2: boolean) => void): void => {
  const silent = setTimeout(() => socket.destroy(), patienceMs);
  let head: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    // Put back at the very end only: every unshift() says "readable" again.
    head = Buffer.concat([head, chunk]);
    const hello = helloIn(head);
    if (hello === 'unfinished') return;
    clearTimeout(silent);
    socket.off('readable', look);
    socket.unshift(head);
    use(hello === 'http2');
  };
  socket.on('readable', look);
  socket.once('close', () => clearTimeout(silent));
};

/** A request of HTTP/1.1 gets its answer and the end of the connection: it has to be through in time. */
const endAfter = (socket: Socket, patienceMs: number): void => {
  const late = setTimeout(() => socket.destroy(), patienceMs);
  socket.once('close', () => clearTimeout(late));
};

type Use = (socket: Socket, http2: boolean) => void;

/** Clients say while they connect what they will speak. */
const secureServer = ({ cert, key }: Certificate, patienceMs: number, use: Use): NetServer => {
  const server = createTlsServer({
    ...{ cert, key },
    // The first of ours that the client offers. Clients of gRPC offer h2 alone; whoever can speak both, as
    // curl and probes, wants a page.
    ALPNProtocols: ['http/1.1', 'h2'],
    handshakeTimeout: patienceMs,
    noDelay: true,
  });
  server.on('secureConnection', (socket: TLSSocket) => use(socket, socket.alpnProtocol === 'h2'));
  // Whoever does not get through has been told so by TLS.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
};

const openServer = (patienceMs: number, use: Use): NetServer =>
  createServer({ noDelay: true }, (socket) =>
    greet(socket, patienceMs, (http2) => use(socket, http2)),
  );

/** One port for gRPC and for the little HTTP/1.1 that clients and probes ask for. */
export const listen = async (options: {
  readonly grpc: Server;
  readonly host: string;
  readonly port: number;
  readonly alive: () => boolean;
  readonly certificate: Certificate | undefined;
  readonly helloMs: number | undefined;
}): Promise<Port> => {
  const { grpc, host, alive, certificate, helloMs = HELLO_MS } = options;
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const http = createHttpServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { code, body } = pages[path] ?? NOT_FOUND;
    response.writeHead(code === NOT_FOUND.code || alive() ? code : 503, {
      'content-type': 'application/json',
      connection: 'close',
    });
    response.end(body);
  });
  const sockets = new Set<Socket>();
  const { promise: drained, resolve: drain } = Promise.withResolvers<void>();
  let refusing = false;
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      if (refusing && sockets.size === 0) drain();
    });
    // A connection that breaks is an end like any other; its calls see it as cancelled.
    socket.on('error', () => socket.destroy());
  };
  const use: Use = (socket, http2) => {
    if (http2) {
      injector.injectConnection(socket);
      return;
    }
    endAfter(socket, helloMs);
    http.emit('connection', socket);
  };
  const server =
    certificate === undefined
      ? openServer(helloMs, use)
      : secureServer(certificate, helloMs, (socket, http2) => {
          // It lies on top of the one that was accepted.
          track(socket);
          use(socket, http2);
        });
  server.prependListener('connection', track);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    port: address.port,
    get open() {
      return sockets.size;
    },
    refuse() {
      refusing = true;
      server.close();
      if (sockets.size === 0) drain();
    },
    drained: () => drained,
    close: async () => {
      server.close();
      injector.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
};
