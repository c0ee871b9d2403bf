import { type Command, type NewEvent, type Outcome, weightOf } from '../core/model.ts';

/** A command that waits for its commit; it is answered exactly once. */
export type Pending = {
  readonly command: Command;
  readonly bytes: number;
  readonly expiresAt: number;
  readonly settled: boolean;
  settle(outcome: Outcome): void;
};

const eventsOf = (command: Command): readonly NewEvent[] => {
  if (command.kind === 'append') return command.events;
  return command.kind === 'follow' ? command.links.map(({ event }) => event) : [];
};

export const createPending = (
  command: Command,
  expiresAt: number,
  reply: (outcome: Outcome) => void,
): Pending => {
  const bytes = eventsOf(command).reduce((sum, event) => sum + weightOf(event), 0);
  // A field, not a getter over a variable: V8 makes the pair of an accessor an old object at once, and that
  // keeps all that the getter sees until old objects are collected. Every append lived as long as that.
  const pending = {
    command,
    bytes,
    expiresAt,
    settled: false,
    settle(outcome: Outcome): void {
      if (pending.settled) return;
      pending.settled = true;
      reply(outcome);
    },
  };
  return pending;
};

const TIMED_OUT: Outcome = {
  ok: false,
  failure: { kind: 'timeout', message: 'Operation timed out: the write was not committed in time' },
};

export type WriteQueue = {
  readonly length: number;
  readonly bytes: number;
  push(pending: Pending): void;
  /** What failed without effect goes back to where it came from. */
  putBack(batch: readonly Pending[]): void;
  /** The next commands for one commit; those that were answered meanwhile are left out. */
  take(maxCommands: number, maxBytes: number): Pending[];
  expire(now: number): void;
  /** Answers everything that waits. */
  settleAll(outcome: Outcome): void;
};

export const createWriteQueue = (): WriteQueue => {
  let waiting: Pending[] = [];
  let bytes = 0;

  return {
    get length() {
      return waiting.length;
    },
    get bytes() {
      return bytes;
    },
    push(pending) {
      waiting.push(pending);
      bytes += pending.bytes;
    },
    putBack(batch) {
      const open = batch.filter((pending) => !pending.settled);
      waiting = [...open, ...waiting];
      for (const pending of open) bytes += pending.bytes;
    },
    take(maxCommands, maxBytes) {
      const batch: Pending[] = [];
      let taken = 0;
      let size = 0;
      for (const pending of waiting) {
        const full = batch.length >= maxCommands || size + pending.bytes > maxBytes;
        if (full && batch.length > 0) break;
        taken += 1;
        bytes -= pending.bytes;
        if (pending.settled) continue;
        size += pending.bytes;
        batch.push(pending);
      }
      waiting.splice(0, taken);
      return batch;
    },
    expire(now) {
      for (const pending of waiting) if (pending.expiresAt <= now) pending.settle(TIMED_OUT);
    },
    settleAll(outcome) {
      const all = waiting;
      waiting = [];
      bytes = 0;
      for (const pending of all) pending.settle(outcome);
    },
  };
};

export const expireBatch = (batch: readonly Pending[], now: number): void => {
  for (const pending of batch) if (pending.expiresAt <= now) pending.settle(TIMED_OUT);
};
