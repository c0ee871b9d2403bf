import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { z } from 'zod';
import { hasCode, isMissing, replaceDurably } from '../durable-file.ts';

export type PortWish<Name extends string> = {
  name: Name;
  /** For people: whose port it is. */
  title: string;
  /** The port everybody expects. */
  usual: number;
  /** Set by the person: this one or none. 0 means any free one. */
  asked?: number | undefined;
  /**
   * What comes first when nothing was asked for: the usual one (an address in the docs), or the one
   * of the last start (an address other things may have kept).
   */
  prefer: 'usual' | 'last';
};

export type ChosenPorts<Name extends string> = {
  portOf(name: Name): number;
  /** One line for each usual port that was taken. */
  notices: string[];
};

/** A port that the person asked for belongs to somebody else. */
export class PortTaken extends Error {
  override name = 'PortTaken';
}

/** Chooses a free port for each, and remembers the choice in the file `memory`. */
export async function choosePorts<Name extends string>(
  wishes: readonly PortWish<Name>[],
  memory: string,
): Promise<ChosenPorts<Name>> {
  const last = await readMemory(memory);
  const chosen = new Map<Name, number>();
  const held: Server[] = [];
  try {
    // Wanted ports first: a free port for one part must not be the one that another part wants.
    for (const wish of wishes) {
      const port = await holdFirst(candidates(wish, last[wish.name]), held);
      if (port !== undefined) chosen.set(wish.name, port);
      else if (wish.asked) throw new PortTaken(`port ${wish.asked} for ${wish.title} is taken`);
    }
    for (const wish of wishes) {
      if (!chosen.has(wish.name)) chosen.set(wish.name, await holdFree(held));
    }
  } finally {
    await Promise.all(held.map(close));
  }
  const remembered = JSON.stringify({ ...last, ...Object.fromEntries(chosen) }, null, 2);
  await replaceDurably(memory, `${remembered}\n`);

  const portOf = (name: Name) => chosen.get(name) ?? 0;
  const moved = wishes.filter((wish) => {
    const port = portOf(wish.name);
    return wish.asked === undefined && port !== wish.usual && port !== lastOf(wish, last);
  });
  return {
    portOf,
    notices: moved.map(
      (wish) => `port ${wish.usual} is taken, ${wish.title} is on ${portOf(wish.name)}`,
    ),
  };
}

function candidates(wish: PortWish<string>, last: number | undefined): number[] {
  if (wish.asked !== undefined) return wish.asked === 0 ? [] : [wish.asked];
  const remembered = last === undefined ? [] : [last];
  return wish.prefer === 'usual' ? [wish.usual, ...remembered] : [...remembered, wish.usual];
}

/** Being where it was last time is worth no line; being away from an address in the docs is. */
function lastOf(wish: PortWish<string>, last: Record<string, number>): number | undefined {
  return wish.prefer === 'last' ? last[wish.name] : undefined;
}

async function holdFirst(ports: readonly number[], held: Server[]): Promise<number | undefined> {
  for (const port of ports) {
    const servers = await hold(port);
    held.push(...servers);
    if (servers.length > 0) return port;
  }
  return undefined;
}

async function holdFree(held: Server[]): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  held.push(server);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new PortTaken('no port is free');
  return address.port;
}

/**
 * Listens on the port, on both loopback addresses: where only ::1 is taken, "localhost" would lead
 * a browser to somebody else. Empty when it is taken.
 */
async function hold(port: number): Promise<Server[]> {
  const held: Server[] = [];
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer().listen(port, host);
    try {
      await once(server, 'listening');
      held.push(server);
    } catch (error) {
      // A machine without IPv6.
      if (hasCode(error, 'EADDRNOTAVAIL') || hasCode(error, 'EAFNOSUPPORT')) continue;
      await Promise.all(held.map(close));
      if (hasCode(error, 'EADDRINUSE') || hasCode(error, 'EACCES')) return [];
      throw error;
    }
  }
  return held;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

async function readMemory(path: string): Promise<Record<string, number>> {
  try {
    return z.record(z.string(), z.int()).parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (isMissing(error)) return {};
    throw new PortTaken(`${path} cannot be read: remove it to choose ports anew`, { cause: error });
  }
}
