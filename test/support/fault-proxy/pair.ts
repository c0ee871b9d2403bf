import { connect, type Socket } from 'node:net';
import type { Dialect } from './dialect.ts';
import { createLane } from './lane.ts';
import type { Behaviour, Fate, Measures } from './modes.ts';

/** A moment, because HTTP/2 acknowledges a request before it is done. */
const CUT_AFTER_MS = 100;

export type Pair = {
  /** Another mode holds from now on. */
  changed(): void;
  meet(fate: Fate): void;
  end(): void;
};

/** What a connection has to know of its proxy. */
export type Surroundings = {
  readonly target: { readonly host: string; readonly port: number };
  readonly now: () => Behaviour & Measures;
  /** How it tells questions and answers of the protocol apart. */
  readonly dialect: Dialect | undefined;
  /** An answer was cut; its key, where the dialect has one. */
  readonly onCut: (key: string) => void;
  /** Whether an answer to this question was cut before. */
  readonly wasCut: (key: string) => boolean;
  readonly onGone: (pair: Pair) => void;
};

/** A connection of a client, and the one to the server behind it. */
export function createPair(client: Socket, around: Surroundings): Pair {
  const { now } = around;
  const talk = around.dialect?.();
  let upstream: Socket | undefined;
  let orphaned = false;
  /** The rest of its answers is not for the client any more. */
  let doomed = false;
  let replied = 0;

  const up = createLane({ from: client, to: () => upstream, how: now });

  const end = (): void => {
    up.stop();
    down?.stop();
    client.destroy();
    upstream?.destroy();
    around.onGone(pair);
  };
  const cut = (key: string, afterMs: number): void => {
    doomed = true;
    setTimeout(() => {
      around.onCut(key);
      end();
    }, afterMs);
  };

  /** What of an answer the client still gets. */
  const shorten = (chunk: Buffer): Buffer | null => {
    const { cut: when, bytes, each } = now();
    const awaited = talk?.answers(chunk) ?? [];
    if (doomed) return null;
    if (when === 'awaited answers') {
      const key = awaited.find((one) => each === 'always' || !around.wasCut(one));
      if (key === undefined) return chunk;
      cut(key, 0);
      return null;
    }
    if (when === 'first answer') {
      cut('any', CUT_AFTER_MS);
      return null;
    }
    if (when === 'after bytes') {
      const rest = chunk.subarray(0, Math.max(0, bytes - replied));
      replied += chunk.length;
      if (replied > bytes) cut('any', 0);
      return rest;
    }
    return chunk;
  };

  let down: ReturnType<typeof createLane> | undefined;
  const open = (): void => {
    const socket = connect({ ...around.target, allowHalfOpen: true, noDelay: true });
    const lane = createLane({ from: socket, to: () => client, how: now });
    upstream = socket;
    down = lane;
    socket.on('data', (chunk: Buffer) => {
      const rest = shorten(chunk);
      if (rest !== null) lane.push(rest);
    });
    whenOver(socket, lane);
  };

  const whenOver = (socket: Socket, lane: { push(what: 'end' | 'gone'): void }): void => {
    let over = false;
    const once = (what: 'end' | 'gone') => (): void => {
      if (orphaned) return;
      if (!over || what === 'gone') lane.push(what);
      over = true;
      // Nobody is on either side any more.
      if (client.destroyed && (upstream?.destroyed ?? true)) end();
    };
    socket.on('end', once('end')).on('close', once('gone'));
    socket.on('error', () => {
      // `close` follows, and is what counts.
    });
  };

  const pair: Pair = {
    changed: () => {
      replied = 0;
      if (orphaned) return;
      if (upstream === undefined && now().move !== 'never') open();
      up.pump();
      down?.pump();
    },
    meet: (fate) => {
      if (fate === 'close') end();
      if (fate === 'reset') {
        client.resetAndDestroy();
        end();
      }
      if (fate === 'orphan') {
        orphaned = true;
        up.stop();
        down?.stop();
        upstream?.destroy();
        client.resume();
      }
    },
    end,
  };
  client.setNoDelay(true);
  client.on('data', (chunk: Buffer) => {
    if (orphaned) return;
    talk?.asks(chunk);
    up.push(chunk);
  });
  whenOver(client, up);
  // It has left before anybody was asked for it.
  const left = (): void => {
    if (upstream === undefined) end();
  };
  client.on('end', left).on('close', left);
  return pair;
}
