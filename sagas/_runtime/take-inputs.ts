import { machine } from '../../platform/host/index.ts';
import { type InstanceInput, instanceKey, type Session } from './inputs.ts';
import { labelOf, type OutboxEntry, reactTo, type TimerChange } from './react.ts';
import { type Changes, type InstanceRow, lockInstances, saveInputs } from './rows.ts';
import type { Worker } from './workers.ts';

export type Taken = {
  /** Who has something to do once this is committed. */
  readonly workers: readonly Worker[];
  /** Instances that were parked by this, with the cause. */
  readonly parked: readonly { readonly input: InstanceInput; readonly cause: Error }[];
};

/**
 * Takes inputs in order, inside the caller's transaction: loads and locks their instances, reacts,
 * and saves states, timers, outbox rows and parked inputs with a handful of statements, however
 * many inputs there are. A reaction that throws parks its instance and nobody else's; later inputs
 * of a parked instance wait behind it; `unparking` is the key of the one whose parked inputs these are.
 * `now` is by the clock that timers go by.
 */
export async function takeInputs(
  session: Session,
  inputs: readonly InstanceInput[],
  { unparking, now = machine.now() }: { readonly unparking?: string; readonly now?: number } = {},
): Promise<Taken> {
  if (inputs.length === 0) return { workers: [], parked: [] };
  const { rows, parked } = await lockInstances(session, inputs);
  if (unparking !== undefined) parked.delete(unparking);
  const changes = reactToAll(inputs, rows, parked);
  const workers = await saveInputs(session, changes, now);
  return {
    workers,
    parked: changes.parked.flatMap(({ input, cause }) =>
      cause === null ? [] : [{ input, cause }],
    ),
  };
}

/** The reactions to all inputs, one after the other, in memory. */
function reactToAll(
  inputs: readonly InstanceInput[],
  stored: ReadonlyMap<string, InstanceRow>,
  alreadyParked: ReadonlySet<string>,
): Changes {
  const instances = new Map<string, InstanceRow>();
  const timers = new Map<string, TimerChange>();
  const outbox: OutboxEntry[] = [];
  const waiting: { input: InstanceInput; cause: Error | null }[] = [];
  const parked = new Set(alreadyParked);

  for (const given of inputs) {
    const key = instanceKey(given.saga.name, given.instance);
    if (parked.has(key)) {
      waiting.push({ input: given, cause: given.input instanceof Error ? given.input : null });
      continue;
    }
    const reacted = tryToReact(given, instances.get(key) ?? stored.get(key));
    if (reacted instanceof Error) {
      parked.add(key);
      waiting.push({ input: given, cause: reacted });
      continue;
    }
    instances.set(key, reacted.row);
    outbox.push(...reacted.outbox);
    // Of several changes of one timer only the last counts.
    for (const timer of reacted.timers) timers.set(`${key}|${timer.name}`, timer);
  }
  return {
    instances: [...instances.values()],
    outbox,
    timers: [...timers.values()],
    parked: waiting,
  };
}

type Reaction = {
  readonly row: InstanceRow;
  readonly outbox: readonly OutboxEntry[];
  readonly timers: readonly TimerChange[];
};

/** An error is a value here: it parks the instance, and the other inputs go on. */
function tryToReact(
  { saga, instance, origin, input }: InstanceInput,
  before: InstanceRow | undefined,
): Reaction | Error {
  if (input instanceof Error) return input;
  try {
    const state = before === undefined ? saga.initial : before.state;
    const { state: after, outbox, timers } = reactTo(saga, instance, state, input, origin);
    const row = {
      saga: saga.name,
      instance,
      state: after,
      inputs: (before?.inputs ?? 0) + 1,
      lastInput: labelOf(input),
      lastOrdinal: origin.ordinal ?? before?.lastOrdinal ?? null,
    };
    return { row, outbox, timers };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
