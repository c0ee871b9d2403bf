import { connect, createServer, type Socket } from 'node:net';

/**
 * A TCP proxy that misbehaves on demand, in front of a store, a database or an API.
 *
 * - `pass`: forwards everything
 * - `cut-reply`: forwards requests, swallows the answer and cuts the connection a moment later: it
 *   worked, and nobody was told (a moment, because HTTP/2 acknowledges a request before it is done)
 * - `black-hole`: swallows everything
 * - `refuse`: closes new and present connections at once
 */
export type ProxyMode = 'pass' | 'cut-reply' | 'black-hole' | 'refuse';

export type FaultProxy = {
  readonly port: number;
  set(mode: ProxyMode): void;
  /** How many answers were cut so far. */
  cuts(): number;
  stop(): Promise<void>;
};

const CUT_AFTER_MS = 100;

export async function startFaultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  let mode: ProxyMode = 'pass';
  let cuts = 0;
  const pairs = new Set<readonly [Socket, Socket]>();

  const server = createServer((client) => {
    if (mode === 'refuse') {
      client.destroy();
      return;
    }
    const upstream = connect(target.port, target.host);
    const pair = [client, upstream] as const;
    let cutting = false;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end).setNoDelay(true);
    client.on('data', (chunk) => {
      if (mode !== 'black-hole') upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (mode === 'cut-reply') {
        if (cutting) return;
        cutting = true;
        setTimeout(() => {
          cuts += 1;
          end();
        }, CUT_AFTER_MS);
      } else if (mode !== 'black-hole') {
        client.write(chunk);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    port: address.port,
    set: (next) => {
      mode = next;
      if (next === 'refuse') for (const [client] of pairs) client.destroy();
    },
    cuts: () => cuts,
    stop: async () => {
      for (const [client] of pairs) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
