import type { ClientHttp2Session } from 'node:http2';
import type { Random } from './random.ts';

/** What a shot works with. */
export type Range = {
  /** http://host:port */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** A connection that some shots share; a new one when the last has gone. */
  session(): ClientHttp2Session;
  /** Waits for what has to come of its own; a fault when it does not. */
  within<T>(what: string, wait: Promise<T>): Promise<T>;
  /** Keeps something open beyond the shot, until there is too much of it or the round ends. */
  keep(end: () => void): void;
};

/** The node did what it must never do. */
export class Fault extends Error {
  override name = 'Fault';
}

/** One hostile thing; says in a word what came of it. */
export type Shot = (range: Range, random: Random) => Promise<string>;

export type Kind = {
  /** How many of a hundred shots, about. */
  readonly weight: number;
  /** Too large or slow for the spec that is run with all others. */
  readonly heavy?: boolean;
  readonly shoot: Shot;
};
