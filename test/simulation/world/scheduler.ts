import { createHash } from 'node:crypto';
import type { Chance } from './chance.ts';

/** Whoever runs code: one life of a process. What a dead one waits for never comes. */
export type Owner = {
  readonly name: string;
  alive: boolean;
  /** Outside of the product: payers, Stripe, the network. Their timers are what happens next. */
  readonly outside?: true;
};

/** Something that can happen now. It is run alone: everything it sets off comes to rest before the next. */
export type Task = {
  readonly owner: Owner;
  readonly label: string;
  readonly run: () => Promise<void> | void;
};

type Timer = Task & { readonly at: number; readonly number: number };

export type TraceLine = { readonly at: number; readonly who: string; readonly what: string };

export type Scheduler = {
  /** True time in epoch ms. The clocks of processes are this and an offset of their own. */
  now(): number;
  /** Puts a task among those of which chance picks the next. */
  ready(task: Task): void;
  /** A task that becomes ready at a moment; what comes back calls it off. */
  at(at: number, task: Task): () => void;
  /** Lets one thing happen; time moves on when nothing else can. False: nothing is to come. */
  step(): Promise<boolean>;
  /** Whether something can happen without time moving on. */
  busy(): boolean;
  /** Lets things happen until nothing is ready; time stands still. */
  settle(): Promise<void>;
  /** Time passes at once, as over a machine that slept: all timers until then become ready. */
  leap(to: number): void;
  /** The moment of the next timer outside of the product. */
  nextOutside(): number | null;
  /** Adds a line without a task. */
  note(who: string, what: string): void;
  readonly trace: readonly TraceLine[];
  /** SHA-256 of the trace so far. */
  hash(): string;
  readonly tasks: () => number;
};

/** Things take time: a millisecond for so many of them. Else what is busy would wait for ever for a clock. */
const TASKS_A_MS = 4;
/** More than any run needs: one that goes on for ever is a defect of its own. */
const MOST_TASKS = 200_000;

export class EndlessRunError extends Error {
  override readonly name = 'EndlessRunError';
}

/** Everything that was set off by promises has come to rest: nothing here waits for the real clock. */
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * The one loop of a simulated world. Code between two waits runs at once; each wait is a task here,
 * and chance says which is next. The same seed gives the same order, and so the same trace.
 */
export function createScheduler(chance: Chance, startAt: number): Scheduler {
  const pending: Task[] = [];
  const timers: Timer[] = [];
  const trace: TraceLine[] = [];
  const sum = createHash('sha256');
  let now = startAt;
  let numbers = 0;
  let tasks = 0;

  const note = (who: string, what: string): void => {
    trace.push({ at: now, who, what });
    sum.update(`${now}|${who}|${what}\n`);
  };

  const fireUntil = (to: number): void => {
    while (timers[0] !== undefined && timers[0].at <= to) {
      const [timer] = timers.splice(0, 1);
      if (timer?.owner.alive === true) pending.push(timer);
    }
  };

  const take = (): Task | null => {
    const task = pending[chance.below(pending.length)];
    if (task === undefined) return null;
    pending.splice(pending.indexOf(task), 1);
    return task;
  };

  const runOne = async (): Promise<void> => {
    const task = take();
    if (task === null || !task.owner.alive) return;
    tasks += 1;
    if (tasks % TASKS_A_MS === 0) {
      now += 1;
      fireUntil(now);
    }
    if (tasks > MOST_TASKS) throw new EndlessRunError(`the run has more than ${MOST_TASKS} tasks`);
    note(task.owner.name, task.label);
    await task.run();
    await drained();
  };

  const nextTimer = (): number | null => timers.find(({ owner }) => owner.alive)?.at ?? null;

  return {
    now: () => now,
    ready: (task) => void pending.push(task),
    at: (at, task) => {
      numbers += 1;
      const timer = { ...task, at, number: numbers };
      // Sorted by moment, then by order of setting: most are set for later than all others.
      const index = timers.findLastIndex((other) => other.at <= at);
      timers.splice(index + 1, 0, timer);
      return () => {
        const place = timers.indexOf(timer);
        if (place >= 0) timers.splice(place, 1);
        const ready = pending.indexOf(timer);
        if (ready >= 0) pending.splice(ready, 1);
      };
    },
    step: async () => {
      if (pending.length === 0) {
        const next = nextTimer();
        if (next === null) return false;
        now = Math.max(now, next);
        fireUntil(now);
      }
      await runOne();
      return true;
    },
    busy: () => pending.length > 0,
    settle: async () => {
      while (pending.length > 0) await runOne();
    },
    leap: (to) => {
      now = Math.max(now, to);
      fireUntil(now);
    },
    nextOutside: () => timers.find(({ owner }) => owner.outside === true)?.at ?? null,
    note,
    trace,
    hash: () => sum.copy().digest('hex'),
    tasks: () => tasks,
  };
}
