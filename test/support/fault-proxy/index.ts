import { createServer } from 'node:net';
import type { Dialect } from './dialect.ts';
import {
  type Behaviour,
  faultModes,
  type Measures,
  type ProxyMode,
  usualMeasures,
} from './modes.ts';
import { createPair, type Pair } from './pair.ts';

export type { ProxyMode } from './modes.ts';

export type FaultProxy = {
  readonly port: number;
  /** Holds for the connections that are there and for those to come. Settles when it does. */
  set(mode: ProxyMode, measures?: Partial<Measures>): Promise<void>;
  /** How many answers were cut so far. */
  cuts(): number;
  stop(): Promise<void>;
};

/**
 * A TCP proxy that misbehaves on demand, in front of a store, a database, a broker or an API; see
 * the table of its modes.
 */
export async function startFaultProxy(
  target: { host: string; port: number },
  dialect?: Dialect,
): Promise<FaultProxy> {
  let behaviour: Behaviour & Measures = { ...faultModes.pass, ...usualMeasures };
  let cuts = 0;
  const cutKeys = new Set<string>();
  const pairs = new Set<Pair>();

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const pair = createPair(client, {
      ...{ target, dialect },
      now: () => behaviour,
      onCut: (key) => {
        cuts += 1;
        cutKeys.add(key);
      },
      wasCut: (key) => cutKeys.has(key),
      onGone: (gone) => pairs.delete(gone),
    });
    pairs.add(pair);
    pair.meet(behaviour.arriving);
    if (behaviour.arriving === 'serve') pair.changed();
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const { port } = address;

  return {
    port,
    set: async (mode, measures = {}) => {
      behaviour = { ...faultModes[mode], ...usualMeasures, ...measures };
      for (const pair of [...pairs]) {
        pair.meet(behaviour.present);
        pair.changed();
      }
      if (!behaviour.listens && server.listening) server.close();
      else if (behaviour.listens && !server.listening) await listen(port);
    },
    cuts: () => cuts,
    stop: async () => {
      const closed = server.listening
        ? new Promise((resolve) => server.close(resolve))
        : Promise.resolve();
      for (const pair of [...pairs]) pair.end();
      await closed;
    },
  };
}
