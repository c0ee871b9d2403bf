import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { type BoundedMap, boundedMap } from '../core/bounded-map.ts';
import { type FollowerState, type FollowerStates, NEVER_RAN } from '../core/follower.ts';
import type { Command, Outcome } from '../core/model.ts';
import { type StreamState, trimmed, type WrittenId } from '../core/stream-state.ts';
import type { Hub } from '../live/hub.ts';
import { isRefusal, isShortage, messageOf } from '../log/connection.ts';
import type { WriterSession } from '../log/writer-session.ts';
import type { Log } from '../options.ts';
import {
  type Ground,
  idsNeeded,
  latelyKey,
  type Plan,
  planCommit,
  storedKey,
  streamsNeeded,
  type Written,
  writes,
} from './plan.ts';
import { createPending, createWriteQueue, expireBatch, type Pending } from './queue.ts';

/** Commands in one commit. More gains nothing: at 512 the disk is no longer what costs. */
const MAX_COMMANDS = 512;
const MAX_COMMIT_BYTES = 8 * 1024 * 1024;
const MAX_QUEUED_COMMANDS = 20_000;
const MAX_QUEUED_BYTES = 128 * 1024 * 1024;
const TICKS_PER_MS = 10_000n;
const EXPIRY_CHECK_MS = 20;
const HEARTBEAT_MS = 10_000;
const SHORTAGE_MS = 100;
const RECONNECT_MS = { first: 20, most: 500 };

export type Caches = {
  /** streams whose head stays in memory, at least; at most twice as many */
  readonly streams: number;
  /** event ids by which repeats with `any` are known, likewise */
  readonly ids: number;
};

export type Writer = {
  /** Answers exactly once, at the latest after `timeoutMs`. */
  submit(command: Command, timeoutMs: number, reply: (outcome: Outcome) => void): void;
  /** What is known of a stream without asking the database; always committed state. */
  peek(stream: string): StreamState | undefined;
  /** Committed state of a follower of the log. */
  follower(name: string): FollowerState;
  readonly commits: number;
  /** Commits what waits, refuses what comes, ends the session. */
  stop(graceMs: number): Promise<void>;
};

const unavailable = (message: string): Outcome => ({
  ok: false,
  failure: { kind: 'unavailable', message },
});

/** A commit whose connection broke before its outcome was heard. */
type Doubt = { readonly batch: readonly Pending[]; readonly plan: Plan };

/**
 * The only place that writes. One loop: take what has come in, decide it against what is known of
 * the streams, write it with one statement, answer, and begin again. Whatever arrives during a
 * commit shares the next one. Positions are given out here, one commit after the other, so they
 * become visible in their order.
 */
export const startWriter = async (options: {
  readonly connect: (former?: number) => Promise<WriterSession>;
  readonly first: WriterSession;
  readonly hub: Hub;
  readonly caches: Caches;
  readonly log: Log;
  readonly now?: () => number;
}): Promise<Writer> => {
  const { connect, hub, caches, log, now = Date.now } = options;
  const states: BoundedMap<StreamState> = boundedMap(caches.streams);
  const lately: BoundedMap<Written> = boundedMap(caches.ids);
  const queue = createWriteQueue();
  let session: WriterSession | undefined = options.first;
  let formerBackend = options.first.backendPid;
  let lastPosition = await options.first.lastPosition();
  let followers: FollowerStates = await options.first.followers();
  let lastCreated = 0n;
  let commits = 0;
  let inFlight: readonly Pending[] = [];
  let doubt: Doubt | undefined;
  let maxCommands = MAX_COMMANDS;
  let stopping = false;
  let abandoned = false;
  let wake: (() => void) | undefined;

  const stirred = (): void => {
    wake?.();
    wake = undefined;
  };
  const watch = (watched: WriterSession): void => {
    watched.lost.addEventListener('abort', stirred, { once: true });
  };
  watch(options.first);

  /** Never before the newest one: `created` must not run backwards along the log. */
  const createdNow = (): bigint => {
    const ticks = BigInt(now()) * TICKS_PER_MS;
    lastCreated = ticks > lastCreated ? ticks : lastCreated;
    return lastCreated;
  };

  const prepare = async (using: WriterSession, commands: readonly Command[]): Promise<Ground> => {
    const known = new Map<string, StreamState>();
    const missing: string[] = [];
    for (const stream of streamsNeeded(commands)) {
      const state = states.get(stream);
      if (state === undefined) missing.push(stream);
      else known.set(stream, state);
    }
    if (missing.length > 0) {
      for (const { stream, state } of await using.states(missing)) {
        states.set(stream, state);
        known.set(stream, state);
      }
    }
    const wanted = idsNeeded(commands, known);
    const stored = new Map<string, WrittenId>();
    if (wanted.length > 0) {
      const found = await using.ids(wanted);
      for (const [index, { stream, revision }] of wanted.entries()) {
        const id = found[index];
        if (id !== undefined) stored.set(storedKey(stream, revision), id);
      }
    }
    return { states: known, stored, lately, followers };
  };

  const committed = (batch: readonly Pending[], plan: Plan): void => {
    for (const [stream, state] of plan.states) states.set(stream, trimmed(state));
    if (plan.followers.size > 0) followers = new Map([...followers, ...plan.followers]);
    for (const { stream, id, revision, position } of plan.events) {
      lately.set(latelyKey(stream, id), { revision, position });
      lastPosition = position;
    }
    if (plan.events.length > 0) {
      commits += 1;
      hub.publish(plan.events);
    }
    for (const [index, pending] of batch.entries()) {
      const outcome = plan.outcomes[index];
      if (outcome !== undefined) pending.settle(outcome);
    }
  };

  /**
   * After a lost session: the new one has the lock, so the last transaction of the old one has
   * ended. Either its commit is in the log, whole, or it is not and never will be.
   */
  const recover = async (using: WriterSession): Promise<void> => {
    const open = doubt;
    const [first] = open?.plan.events ?? [];
    const came = first !== undefined && (await using.idAt(first.position)) === first.id;
    const actual = await using.lastPosition();
    const actualFollowers = await using.followers();
    doubt = undefined;
    if (open !== undefined && came) {
      log('warn', 'the commit that was in doubt is in the log', { position: `${first?.position}` });
      committed(open.batch, open.plan);
    } else if (open !== undefined) {
      queue.putBack(open.batch);
    }
    states.clear();
    followers = actualFollowers;
    if (lastPosition !== actual) {
      // Somebody else has written meanwhile: what this node knows does not reach the log's end.
      lately.clear();
      lastPosition = actual;
    }
    if (hub.head !== actual) hub.reset(actual);
  };

  const reconnect = async (): Promise<WriterSession | undefined> => {
    let wait = RECONNECT_MS.first;
    for (let attempt = 1; !abandoned; attempt += 1) {
      let next: WriterSession | undefined;
      try {
        next = await connect(formerBackend);
        await recover(next);
        formerBackend = next.backendPid;
        watch(next);
        log('info', 'the session to Postgres is back', { attempt });
        return next;
      } catch (error) {
        // Now and then is enough: this may go on for as long as Postgres is away.
        const level = attempt % 20 === 1 ? 'warn' : 'debug';
        log(level, 'no session to Postgres yet, trying again', {
          attempt,
          reason: messageOf(error),
        });
        // A half-opened session holds the lock; its error is the one just reported.
        await next?.close().catch(() => undefined);
        await delay(wait);
        wait = Math.min(wait * 2, RECONNECT_MS.most);
      }
    }
    return undefined;
  };

  /** The server itself said no: nothing of it was written. */
  const refused = async (error: pg.DatabaseError, batch: readonly Pending[]): Promise<void> => {
    const reason = error.message;
    states.clear();
    if (isShortage(error)) {
      log('error', 'Postgres cannot write now, trying again', { reason });
      queue.putBack(batch);
      await delay(SHORTAGE_MS);
      return;
    }
    if (batch.length > 1) {
      // One of them is at fault. Smaller commits until it stands alone.
      log('warn', 'a commit was refused, trying it in parts', { reason, commands: batch.length });
      maxCommands = Math.max(1, batch.length >> 1);
      queue.putBack(batch);
      return;
    }
    log('error', 'a write was refused by Postgres', { reason });
    for (const pending of batch) {
      pending.settle({ ok: false, failure: { kind: 'unknown', message: reason } });
    }
  };

  /** What became of the commit is not known; the next session finds out. */
  const broke = async (
    error: unknown,
    using: WriterSession,
    batch: readonly Pending[],
    plan: Plan | undefined,
  ): Promise<void> => {
    log('warn', 'the session to Postgres broke', { reason: messageOf(error) });
    // A follower that has only moved knows by its position that it has, when it tries again.
    if (plan === undefined || plan.events.length === 0) queue.putBack(batch);
    else doubt = { batch, plan };
    session = undefined;
    // Already broken as a rule; if not, closing it is what frees the lock for the next one.
    await using.close().catch(() => undefined);
  };

  const commit = async (using: WriterSession, batch: readonly Pending[]): Promise<void> => {
    let plan: Plan | undefined;
    try {
      const commands = batch.map((pending) => pending.command);
      const ground = await prepare(using, commands);
      plan = planCommit(commands, ground, lastPosition, createdNow());
      if (writes(plan)) await using.insert(plan.events, plan.followers);
    } catch (error) {
      if (isRefusal(error) && !using.lost.aborted) await refused(error, batch);
      else await broke(error, using, batch, plan);
      return;
    }
    committed(batch, plan);
    maxCommands = Math.min(MAX_COMMANDS, maxCommands * 2);
  };

  /** Nothing may come between the last look and the sleep: no await here. */
  const sleep = (using: WriterSession): Promise<void> => {
    if (using.lost.aborted || queue.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      wake = resolve;
    });
  };

  /** One commit of what waits; false when nothing did. */
  const commitNext = async (using: WriterSession): Promise<boolean> => {
    // Let everything that came in with the same packet join this commit.
    await new Promise(setImmediate);
    inFlight = queue.take(maxCommands, MAX_COMMIT_BYTES);
    if (inFlight.length === 0) return false;
    await commit(using, inFlight);
    inFlight = [];
    return true;
  };

  const loop = async (): Promise<void> => {
    while (!abandoned) {
      if (session === undefined || session.lost.aborted) {
        session = undefined;
        session = await reconnect();
      } else if (!(await commitNext(session))) {
        if (stopping) break;
        await sleep(session);
      }
    }
    await session?.close();
  };

  const expiry = setInterval(() => {
    const at = now();
    queue.expire(at);
    expireBatch(inFlight, at);
    if (doubt !== undefined) expireBatch(doubt.batch, at);
  }, EXPIRY_CHECK_MS);
  const heartbeat = setInterval(() => {
    const beating = session;
    if (beating === undefined || inFlight.length > 0) return;
    beating.ping().catch((error: unknown) => {
      log('warn', 'the session to Postgres does not answer', { reason: messageOf(error) });
    });
  }, HEARTBEAT_MS);

  const running = loop();

  return {
    submit(command, timeoutMs, reply) {
      if (stopping) {
        reply(unavailable('the node is shutting down'));
        return;
      }
      const pending = createPending(command, now() + timeoutMs, reply);
      if (queue.length >= MAX_QUEUED_COMMANDS || queue.bytes + pending.bytes > MAX_QUEUED_BYTES) {
        reply({ ok: false, failure: { kind: 'busy', message: 'too many writes are waiting' } });
        return;
      }
      queue.push(pending);
      stirred();
    },
    peek: (stream) => states.get(stream),
    follower: (name) => followers.get(name) ?? NEVER_RAN,
    get commits() {
      return commits;
    },
    async stop(graceMs) {
      stopping = true;
      stirred();
      await Promise.race([running, delay(graceMs, undefined, { ref: false })]);
      abandoned = true;
      const goodbye = unavailable('the node is shutting down');
      queue.settleAll(goodbye);
      for (const pending of [...inFlight, ...(doubt?.batch ?? [])]) pending.settle(goodbye);
      clearInterval(expiry);
      clearInterval(heartbeat);
      stirred();
      // A hung statement ends with its connection; a connect that hangs is left to end by itself.
      await session?.close();
      await Promise.race([running, delay(500, undefined, { ref: false })]);
    },
  };
};
