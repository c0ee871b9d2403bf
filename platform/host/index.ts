import { randomUUID } from 'node:crypto';

/**
 * What a process has of the machine it runs on: its clock, its timers and its chance. The command
 * path, the consumers and the sagas ask for them here and nowhere else, so that the simulation
 * (test/simulation) can play hours in milliseconds, and the same hours again.
 */
export type Host = {
  /** The wall clock, epoch milliseconds. It may jump, either way. */
  now(): number;
  /** Milliseconds on a clock that only goes forward; its zero means nothing. */
  elapsed(): number;
  /** Calls `work` once, in `ms`. What comes back calls it off. */
  after(ms: number, work: () => void): () => void;
  /** Calls `work` every `ms` until it is called off. It keeps no process alive. */
  every(ms: number, work: () => void): () => void;
  /** Calls `work` when this turn of the event loop is over. */
  soon(work: () => void): void;
  uuid(): string;
  /** From 0 up to 1. */
  random(): number;
};

/** The machine itself. */
export const machine: Host = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, work) => {
    const timer = setInterval(work, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
  soon: (work) => void setImmediate(work),
  uuid: () => randomUUID(),
  random: () => Math.random(),
};

export const sleep = (host: Pick<Host, 'after'>, ms: number): Promise<void> =>
  new Promise((resolve) => {
    host.after(ms, resolve);
  });
