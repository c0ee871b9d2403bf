import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Exit, Part, Running } from './part.ts';

export type PartEvent = { part: string; title: string } & (
  | { type: 'starting'; attempt: number }
  | { type: 'ready'; attempt: number; ms: number; pid: number | undefined }
  | { type: 'failed'; attempt: number; reason: string; retryInMs: number | undefined }
  | { type: 'exited'; exit: Exit; retryInMs: number }
  | { type: 'log'; line: string }
  | { type: 'stopping' }
  | { type: 'killed'; reason: string }
  | { type: 'stopped'; ms: number }
);

export type Supervisor = {
  /** Settles when every critical part is up; rejects (and stops the rest) when one cannot start. */
  start(): Promise<'up' | 'stopped'>;
  /** In reverse order; settles when nothing of ours runs any more. Never rejects. */
  stop(): Promise<void>;
  /** Kills what is still there. */
  hurry(): void;
};

/** A part did not come up at the first start. */
export class PartFailed extends Error {
  override name = 'PartFailed';
}

type Slot = {
  part: Part<unknown>;
  up: PromiseWithResolvers<void>;
  starting: Promise<Running<unknown>> | undefined;
  running: Running<unknown> | undefined;
  stopped: Promise<void> | undefined;
};

type Options = {
  parts: readonly Part<unknown>[];
  onEvent: (event: PartEvent) => void;
  /** Waits before the 1st, 2nd, … start in a row that follows a failure; the last one repeats. */
  backOffMs?: readonly number[];
  /** A part that was up this long starts again without a history. */
  steadyAfterMs?: number;
};

const defaultBackOffMs = [50, 200, 500, 1_000, 2_000, 5_000];

/**
 * Keeps a table of parts running: each after those it needs, independent ones side by side; one
 * that goes away unasked is started again, for as long as it takes.
 */
export function createSupervisor(options: Options): Supervisor {
  const { parts, onEvent, backOffMs = defaultBackOffMs, steadyAfterMs = 30_000 } = options;
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const slots = new Map<Part<unknown>, Slot>(parts.map((part) => [part, emptySlot(part)]));
  const slotOf = (part: Part<unknown>): Slot => {
    const slot = slots.get(part);
    if (slot === undefined) throw new PartFailed(`${part.name} is not in the table of parts`);
    return slot;
  };

  const wait = (failuresInARow: number) =>
    backOffMs[Math.min(failuresInARow, backOffMs.length) - 1] ?? 0;

  /** undefined: it did not come up, or is not to. */
  async function tryStart(slot: Slot, attempt: number, failures: number) {
    const { part } = slot;
    const about = { part: part.name, title: part.title };
    const since = performance.now();
    onEvent({ ...about, type: 'starting', attempt });
    const log = (line: string) => onEvent({ ...about, type: 'log', line });
    try {
      slot.starting = part.start({ log, signal: stopping.signal, attempt }).then((running) => {
        slot.running = running;
        return running;
      });
      const running = await slot.starting;
      const ms = performance.now() - since;
      onEvent({ ...about, type: 'ready', attempt, ms, pid: running.pid });
      slot.up.resolve();
      return running;
    } catch (error) {
      if (stopping.signal.aborted) return undefined;
      const reason = error instanceof Error ? error.message : String(error);
      const final = attempt === 1 && part.critical;
      const retryInMs = final ? undefined : wait(failures + 1);
      onEvent({ ...about, type: 'failed', attempt, reason, retryInMs });
      if (final) throw new PartFailed(`${part.title}: ${reason}`, { cause: error });
      return undefined;
    }
  }

  /** One life of a part: up to the moment it is gone. True: it was up for a good while. */
  async function live(slot: Slot, attempt: number, failures: number): Promise<boolean> {
    const { part } = slot;
    await Promise.all(part.needs.map((need) => slotOf(need).up.promise));
    const since = performance.now();
    const running = stopping.signal.aborted ? undefined : await tryStart(slot, attempt, failures);
    if (running === undefined) return false;

    const exit = await running.exited;
    slot.running = undefined;
    slot.up = Promise.withResolvers();
    const steady = performance.now() - since > steadyAfterMs;
    if (!stopping.signal.aborted) {
      const retryInMs = wait(steady ? 1 : failures + 1);
      onEvent({ part: part.name, title: part.title, type: 'exited', exit, retryInMs });
    }
    return steady;
  }

  async function keepUp(slot: Slot): Promise<void> {
    let failures = 0;
    for (let attempt = 1; !stopping.signal.aborted; attempt += 1) {
      const steady = await live(slot, attempt, failures);
      failures = steady ? 1 : failures + 1;
      await pause(wait(failures), stopping.signal);
    }
  }

  const dependentsOf = (part: Part<unknown>) =>
    [...slots.values()].filter((slot) => slot.part.needs.includes(part));

  function stopSlot(slot: Slot): Promise<void> {
    slot.stopped ??= (async () => {
      await Promise.all(dependentsOf(slot.part).map(stopSlot));
      await stopOne(slot, onEvent);
    })();
    return slot.stopped;
  }

  async function stop(): Promise<void> {
    stopping.abort();
    // Lets go those that wait for a part that will not come; they look at `stopping` first.
    for (const slot of slots.values()) slot.up.resolve();
    await Promise.all([...slots.values()].map(stopSlot));
  }

  return {
    async start() {
      const all = [...slots.values()];
      const firstFailure = Promise.withResolvers<never>();
      for (const slot of all) {
        keepUp(slot).catch((error: unknown) => firstFailure.reject(error));
      }
      const critical = all.filter((slot) => slot.part.critical);
      const everyPartUp = Promise.all(critical.map((slot) => slot.up.promise));
      try {
        await Promise.race([everyPartUp, firstFailure.promise]);
        return stopping.signal.aborted ? 'stopped' : 'up';
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    hurry() {
      for (const { part, running } of slots.values()) {
        if (running?.kill === undefined) continue;
        onEvent({ part: part.name, title: part.title, type: 'killed', reason: 'in a hurry' });
        running.kill('SIGKILL');
      }
    },
  };
}

function emptySlot(part: Part<unknown>): Slot {
  const up = Promise.withResolvers<void>();
  return { part, up, starting: undefined, running: undefined, stopped: undefined };
}

async function stopOne(slot: Slot, onEvent: (event: PartEvent) => void): Promise<void> {
  const { part } = slot;
  const about = { part: part.name, title: part.title };
  const since = performance.now();
  // A start that is under way was told to give up; what came up all the same is stopped below.
  await inTime(slot.starting ?? Promise.resolve(), part.stopPatienceMs);
  const { running } = slot;
  if (running === undefined) return;

  onEvent({ ...about, type: 'stopping' });
  const outcome = await inTime(running.stop(), part.stopPatienceMs);
  if (outcome !== 'done') {
    onEvent({ ...about, type: 'killed', reason: outcome });
    running.kill?.('SIGKILL');
    await inTime(running.exited, killPatienceMs);
  }
  onEvent({ ...about, type: 'stopped', ms: performance.now() - since });
}

/** The kernel needs a moment for a big process. */
const killPatienceMs = 3_000;

/** "done", or what went wrong: a text for people. */
async function inTime(work: Promise<unknown>, patienceMs: number): Promise<string> {
  const cancel = new AbortController();
  const late = pause(patienceMs, cancel.signal).then(() => `not done after ${patienceMs} ms`);
  const done = work.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const outcome = await Promise.race([done, late]);
  cancel.abort();
  return outcome;
}

/** Waits, or leaves early when told to. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An abort is the one way this rejects, and leaving early is what it is for.
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
