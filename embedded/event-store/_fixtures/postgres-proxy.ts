import { connect, createServer, type Socket } from 'node:net';

/**
 * Stands between the node and Postgres and breaks the connection at the worst moments. `before`
 * loses the commit on its way there, `after` loses the news that it was done.
 */
export type PostgresProxy = {
  readonly url: string;
  /** The next commit of the writer loses its connection. Settles when it has. */
  cutNextCommit(when: 'before' | 'after'): Promise<void>;
  /** Ends all connections and takes no new ones until `open()`. */
  shut(): void;
  open(): void;
  close(): Promise<void>;
};

/** How the writer's statement begins. */
const COMMIT = Buffer.from('copy event_store.event ');
/** ReadyForQuery, idle: the statement is done and committed. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
/** ReadyForQuery in a transaction: its commit is still to come. */
const OPEN = Buffer.from([0x5a, 0, 0, 0, 5, 0x54]);

export const startPostgresProxy = async (databaseUrl: string): Promise<PostgresProxy> => {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let shut = false;
  let cut: { when: 'before' | 'after'; done: () => void } | undefined;

  const pair = (client: Socket): void => {
    const server = connect(Number(target.port), target.hostname);
    let swallow: (() => void) | undefined;
    let tail: Buffer = Buffer.alloc(0);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk: Buffer) => {
      const armed = cut;
      if (armed !== undefined && chunk.includes(COMMIT)) {
        cut = undefined;
        if (armed.when === 'before') {
          end();
          armed.done();
          return;
        }
        swallow = armed.done;
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (swallow === undefined) {
        client.write(chunk);
        return;
      }
      tail = Buffer.concat([tail, chunk]);
      if (tail.includes(READY)) {
        end();
        swallow();
      } else if (tail.subarray(-OPEN.length).equals(OPEN)) {
        client.write(tail);
        tail = Buffer.alloc(0);
      }
    });
  };

  const listener = createServer((client) => {
    if (shut) client.destroy();
    else pair(client);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${address.port}`;

  const shutNow = (): void => {
    shut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cutNextCommit: (when) =>
      new Promise((done) => {
        cut = { when, done };
      }),
    shut: shutNow,
    open() {
      shut = false;
    },
    async close() {
      shutNow();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
};
