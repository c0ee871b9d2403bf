import { setTimeout as delay } from 'node:timers/promises';
import type { FollowerLink, Outcome, RecordedEvent } from '../core/model.ts';
import { advanced } from '../live/advanced.ts';
import type { Hub } from '../live/hub.ts';
import { messageOf } from '../log/connection.ts';
import type { LogReader } from '../log/reader.ts';
import type { Log } from '../options.ts';
import { patiently } from '../read/paging.ts';
import type { Writer } from '../write/writer.ts';
import type { LinkOf } from './standard.ts';

/** Events looked at for one commit. A commit of so many links holds appends up by some milliseconds. */
const BATCH = 256;
/**
 * How long new events gather. A client that appends one after the other would otherwise wait for a
 * commit of links after each of its own.
 */
const GATHER_MS = 25;
/** Events without a link after which the position is written all the same: a restart looks again at as many. */
const UNWRITTEN = 2_000n;
const BUSY_MS = 100;
/** It was moved, or switched off: the writer says where it stands. */
const LOOK_AGAIN: ReadonlySet<string> = new Set(['wrong-expected-version', 'bad-request']);

export type FollowerStatus = {
  readonly name: string;
  readonly state: 'running' | 'stopped' | 'faulted';
  /** why it is faulted */
  readonly reason: string;
  /** how far it has looked */
  readonly position: bigint;
  /** how far it would look again after a restart */
  readonly checkpoint: bigint;
  readonly considered: bigint;
};

export type Follower = {
  status(): FollowerStatus;
  /** Its state has changed, or a fault may be over: it looks again. */
  wake(): void;
  /** Settles when it has stopped; the node's end is announced by the signal. */
  readonly done: Promise<void>;
};

export type Sources = {
  readonly writer: Pick<Writer, 'submit' | 'follower'>;
  readonly reader: Pick<LogReader, 'allPage'>;
  readonly hub: Pick<Hub, 'head' | 'after' | 'onAdvance'>;
  readonly log: Log;
};

/**
 * Reads the log in its order and writes a link for what it finds, one commit at a time: it goes no
 * faster than the writer takes it. Where it stands is committed with the links, by the writer, who
 * refuses links from any other place; a refused one begins again where the writer says it stands.
 */
export const startFollower = (
  name: string,
  linkOf: LinkOf,
  { writer, reader, hub, log }: Sources,
  ended: AbortSignal,
): Follower => {
  let looked = 0n;
  let considered = 0n;
  let fault: string | undefined;
  /** Aborted by `wake`; a new one each time. */
  let nap = new AbortController();

  const eventsAfter = async (cursor: bigint): Promise<readonly RecordedEvent[]> =>
    hub.after(cursor, BATCH) ??
    (await patiently(
      () =>
        reader.allPage({
          lowest: cursor + 1n,
          highest: hub.head,
          direction: 'forwards',
          limit: BATCH,
        }),
      Number.POSITIVE_INFINITY,
      ended,
    ));

  const write = (after: bigint, upTo: bigint, links: readonly FollowerLink[]): Promise<Outcome> =>
    new Promise((resolve) =>
      // Without a limit: an outcome that was not waited for would have to be found out.
      writer.submit(
        { kind: 'follow', follower: name, after, upTo, links },
        Number.POSITIVE_INFINITY,
        resolve,
      ),
    );

  const settle = async (outcome: Outcome, upTo: bigint): Promise<void> => {
    if (outcome.ok) {
      looked = upTo;
      return;
    }
    looked = 0n;
    const { failure } = outcome;
    if (failure.kind === 'busy') await delay(BUSY_MS, undefined, { signal: ended });
    else if (!LOOK_AGAIN.has(failure.kind)) throw new Error(`cannot write: ${failure.kind}`);
  };

  const step = async (): Promise<void> => {
    const { position } = writer.follower(name);
    if (looked < position) looked = position;
    if (looked >= hub.head) {
      await advanced(hub, looked, AbortSignal.any([ended, nap.signal]));
      if (hub.head - looked < BigInt(BATCH)) {
        await delay(GATHER_MS, undefined, { signal: ended });
      }
      return;
    }
    const reached = hub.head;
    const events = await eventsAfter(looked);
    const upTo = events.at(-1)?.position ?? reached;
    considered += BigInt(events.length);
    const links = events.map(linkOf).filter((link) => link !== undefined);
    if (links.length === 0 && upTo - position < UNWRITTEN) looked = upTo;
    else await settle(await write(position, upTo, links), upTo);
  };

  const sleep = (): Promise<void> =>
    new Promise((resolve) => {
      AbortSignal.any([ended, nap.signal]).addEventListener('abort', () => resolve(), {
        once: true,
      });
    });

  const lookAfresh = (): void => {
    nap = new AbortController();
    fault = undefined;
    looked = 0n;
  };

  const stepOrFault = async (): Promise<void> => {
    try {
      await step();
    } catch (error) {
      if (ended.aborted) return;
      fault = messageOf(error);
      log('error', 'a follower of the log has stopped', { follower: name, reason: fault });
    }
  };

  const run = async (): Promise<void> => {
    while (!ended.aborted) {
      if (nap.signal.aborted) lookAfresh();
      const works = fault === undefined && writer.follower(name).enabled;
      await (works ? stepOrFault() : sleep());
    }
  };

  return {
    status() {
      const { enabled, position } = writer.follower(name);
      const working = fault === undefined ? 'running' : 'faulted';
      return {
        ...{ name, considered, checkpoint: position, reason: fault ?? '' },
        state: enabled ? working : 'stopped',
        position: looked > position ? looked : position,
      };
    },
    wake: () => nap.abort(),
    done: run(),
  };
};
