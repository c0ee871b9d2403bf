/** Connections that are opened and then stall, at each place where one can. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { openSocket, PREFACE, SETTINGS, UNFINISHED_HEADERS } from './shots/connections.ts';

/** What was said before the silence. */
const STALLS: Readonly<Record<string, Buffer>> = {
  'nothing said': Buffer.alloc(0),
  'three letters of the preface': PREFACE.subarray(0, 3),
  'the preface alone': PREFACE,
  'headers without end': Buffer.concat([PREFACE, SETTINGS, UNFINISHED_HEADERS]),
  'half an HTTP/1.1 request': Buffer.from('GET /ping HTTP/1.1\r\nhost: x\r\n'),
};

export type Stalled = {
  readonly opened: number;
  /** How many the node has closed, by kind. */
  closed(): Readonly<Record<string, number>>;
  /** Settles when the node has closed them all, or after that time. */
  allClosed(patienceMs: number): Promise<boolean>;
  end(): void;
};

export const stall = async (
  node: { readonly host: string; readonly port: number },
  count: number,
): Promise<Stalled> => {
  const kinds = Object.entries(STALLS);
  const closed: Record<string, number> = Object.fromEntries(kinds.map(([kind]) => [kind, 0]));
  const sockets: Socket[] = [];
  const endings: Promise<unknown>[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const [kind, said] = kinds[nth % kinds.length] as (typeof kinds)[number];
    const socket = openSocket(node);
    sockets.push(socket);
    endings.push(
      new Promise<void>((resolve) => {
        socket.once('close', () => {
          closed[kind] = (closed[kind] ?? 0) + 1;
          resolve();
        });
      }),
    );
    await once(socket, 'connect');
    if (said.length > 0) socket.write(said);
  }
  return {
    opened: count,
    closed: () => ({ ...closed }),
    allClosed: (patienceMs) =>
      Promise.race([
        Promise.all(endings).then(() => true),
        delay(patienceMs, false, { ref: false }),
      ]),
    end() {
      for (const socket of sockets) socket.destroy();
    },
  };
};
