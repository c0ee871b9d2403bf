import {
  type Aggregate,
  type OpaqueAggregate,
  opaqueAggregate,
  streamOf,
} from '../../domain/_kernel/aggregate.ts';
import type { DomainEvent } from '../../domain/_kernel/event.ts';
import type { Decision } from '../../domain/_kernel/rejection.ts';
import {
  type EventStore,
  EventStoreUnavailableError,
  OutcomeUnknownError,
} from '../../platform/event-store/index.ts';
import type { Host } from '../../platform/host/index.ts';
import { KeyStoreUnavailableError } from '../../platform/keys/index.ts';
import {
  afterConflict,
  type CachedStream,
  emptyStream,
  foldStored,
  keepSpare,
  readTail,
  type StreamCache,
} from './cached-stream.ts';
import { type DecidedBatch, decideBatch } from './decide-batch.ts';
import type { CommandContext, Decided } from './definition.ts';
import { IdempotencyConflict, OutcomeUnknown, Overloaded } from './errors.ts';
import { asJob, type Job, type Outcome, type Stored } from './job.ts';

/** Most commands decided into one append. */
const MAX_COMMANDS = 256;
/** Commands that may wait for one stream before new ones are shed. */
const MAX_WAITING = 20_000;

/** `alone`: so many of the first are decided one by one. */
type Queue = { jobs: Job[]; alone: number };

const deadlineOf = (jobs: readonly Job[]): number =>
  Math.max(...jobs.map(({ context }) => context.deadline));

type Turn = {
  readonly entry: CachedStream;
  /** The state was read from the store after the jobs arrived. */
  readonly current: boolean;
  readonly open: readonly Job[];
  /** The latest of the batch, in ms since the epoch: until then a conflict is decided anew. */
  readonly deadline: number;
};

/** Another process was first, or something of it does not fit into the log. */
type Unstored = 'conflict' | 'unfit';

/** The jobs of a turn that are left to do; `alone`: each for itself. */
type Left = { readonly left: readonly Job[]; readonly alone: boolean };

export type StreamQueues = {
  decide<S, E extends DomainEvent, View>(
    aggregate: Aggregate<S, E>,
    id: string,
    context: CommandContext,
    step: {
      readonly decide: (state: S) => Decision<E>;
      readonly view: (state: S) => View;
      readonly viewThen?: boolean;
      readonly isNew: boolean;
    },
  ): Promise<Decided<E, View>>;
  /** A look at the state: from the cache when `enough` says so, else as the store has it now. */
  load<S, E extends DomainEvent, View>(
    aggregate: Aggregate<S, E>,
    id: string,
    context: CommandContext,
    view: (state: S) => View,
    enough?: (view: View, ageMs: number) => boolean,
  ): Promise<View>;
};

/**
 * The queue of each stream: commands for one stream are decided in turn against one folded state,
 * and their events go out together as one append at an exact expected revision. Different streams
 * run side by side.
 */
export function createStreamQueues(options: {
  eventStore: EventStore;
  cache: StreamCache;
  host: Host;
}): StreamQueues {
  const { eventStore, cache, host } = options;
  const queues = new Map<string, Queue>();

  /** Reads what is known to be stored; where that cannot be done, nobody may hear "nothing". */
  const readStored = async (
    stream: string,
    range: { from?: number; max: number },
  ): Promise<Stored[]> => {
    try {
      return await eventStore.readStream(stream, range);
    } catch (error) {
      if (!isAway(error)) throw error;
      throw new OutcomeUnknownError(`what is in ${stream} cannot be read`, { cause: error });
    }
  };

  const storedBy = async (
    stream: string,
    first: number,
    count: number,
    commandId: string,
  ): Promise<Stored[]> => {
    const events = await readStored(stream, { from: first, max: count });
    return events.filter((event) => event.metadata.commandId === commandId);
  };

  /** What a repeat views: the newest state, or the one that the last of its events led to. */
  const viewed = async (
    aggregate: OpaqueAggregate,
    stream: string,
    entry: CachedStream,
    { job, last }: { readonly job: Job; readonly last: number },
  ): Promise<unknown> => {
    if (!job.viewThen || last === entry.revision) return job.view(entry.state);
    const history = await readStored(stream, { max: last + 1 });
    return job.view(history.reduce(aggregate.evolve, aggregate.initial()));
  };

  /** Answers jobs whose command is in the stream already from what was stored; returns the others. */
  const answerRepeats = async (
    aggregate: OpaqueAggregate,
    stream: string,
    entry: CachedStream,
    jobs: readonly Job[],
  ): Promise<Job[]> => {
    const open: Job[] = [];
    for (const job of jobs) {
      const { commandId, inputHash } = job.context;
      const trace = entry.commands.get(commandId);
      if (trace === undefined) {
        open.push(job);
      } else if (trace.inputHash === inputHash) {
        const events = await storedBy(stream, trace.first, trace.count, commandId);
        // Not the newest: who names it in `If-Match` must not overwrite what came after.
        const revision = events.at(-1)?.revision ?? entry.revision;
        const view = await viewed(aggregate, stream, entry, { job, last: revision });
        job.resolve({ events, view, revision, replayed: true });
      } else {
        job.reject(new IdempotencyConflict('the key was used before with another input'));
      }
    }
    return open;
  };

  /**
   * An append whose outcome was unknown in between may be one that another process made of the same
   * command. The store compares ids, not contents, so the answer comes from what it has.
   */
  const asStored = async (stream: string, outcome: Outcome): Promise<Outcome> => {
    if (outcome.kind !== 'stored') return outcome;
    const { events } = outcome.decided;
    const first = events[0]?.revision ?? 0;
    const stored = await storedBy(stream, first, events.length, outcome.job.context.commandId);
    return { ...outcome, decided: { ...outcome.decided, events: stored } };
  };

  const openTurn = async (
    aggregate: OpaqueAggregate,
    stream: string,
    jobs: readonly Job[],
  ): Promise<Turn> => {
    const entry = cache.take(stream) ?? emptyStream(aggregate);
    // A stream named after its command is most likely not there yet: deciding on the empty state
    // saves a round trip, and the append at "no stream" proves it right or starts over.
    const guessed = entry.revision >= 0 || jobs.every((job) => job.isNew);
    const current = !guessed || entry.contended > 0;
    const deadline = deadlineOf(jobs);
    if (current) await readTail({ eventStore, host }, aggregate, stream, entry, deadline);
    entry.contended = Math.max(0, entry.contended - 1);
    const open = await answerRepeats(aggregate, stream, entry, jobs);
    return { entry, current, open: inTime(open, host.now()), deadline };
  };

  /** The same jobs on the state as the store has it now. */
  const nextTurn = async (
    aggregate: OpaqueAggregate,
    stream: string,
    entry: CachedStream,
    jobs: readonly Job[],
    deadline: number,
  ): Promise<Turn> => {
    await readTail({ eventStore, host }, aggregate, stream, entry, deadline);
    keepSpare(entry);
    const open = await answerRepeats(aggregate, stream, entry, jobs);
    return { entry, current: true, open: inTime(open, host.now()), deadline };
  };

  /** Appends what was decided; or meets a conflict. */
  const store = async (
    stream: string,
    before: number,
    { outcomes, events }: DecidedBatch,
    deadline: number,
  ): Promise<readonly Outcome[] | 'conflict'> => {
    const result = await eventStore.append(stream, before, events, { deadline });
    if (result.kind === 'conflict') {
      if (host.now() >= deadline) throw new Overloaded(`${stream} is too busy`);
      return 'conflict';
    }
    for (const event of events) event.position = result.position ?? -1n;
    return result.retried ? Promise.all(outcomes.map((each) => asStored(stream, each))) : outcomes;
  };

  /** Decides and appends once: the jobs that did not fit, or the turn in which the rest is tried next. */
  const tryTurn = async (
    aggregate: OpaqueAggregate,
    stream: string,
    turn: Turn,
  ): Promise<Left | { next: Turn }> => {
    const { entry, current, open } = turn;
    const again = async (from: CachedStream, jobs: readonly Job[]) => ({
      next: await nextTurn(aggregate, stream, from, jobs, turn.deadline),
    });
    const before = entry.revision;
    const decided = decideBatch(aggregate, stream, entry, open);
    if (decided.tainted) {
      // One command's fault, told to it alone; the others begin again on what the store has.
      decided.outcomes.forEach(tell);
      return again(emptyStream(aggregate), untold(open, decided.outcomes));
    }
    let outcomes: readonly Outcome[] | Unstored = decided.outcomes;
    if (decided.events.length > 0) {
      // If the exact revision holds, the state was the newest: refusals of this batch are true too.
      const sentAt = host.elapsed();
      outcomes = await store(stream, before, decided, turn.deadline).catch(unfitAmong(open));
      entry.checkedAt = sentAt;
    } else if (outcomes.length > 0 && !current) {
      // Nothing but refusals and looks at a state that may be behind: read on, decide anew.
      return again(entry, open);
    }
    // One command's fault again, and each alone shows whose.
    if (outcomes === 'unfit') return { left: open, alone: true };
    if (outcomes === 'conflict') {
      return again(afterConflict(aggregate, entry, decided.events), open);
    }
    foldStored(aggregate, entry, decided.events);
    outcomes.forEach(tell);
    cache.put(stream, entry);
    return { left: decided.postponed, alone: false };
  };

  /** One batch: decide, append, tell. Returns the jobs that are not done yet. */
  const processBatch = async (
    aggregate: OpaqueAggregate,
    stream: string,
    jobs: readonly Job[],
  ): Promise<Left> => {
    let turn = await openTurn(aggregate, stream, jobs);
    for (;;) {
      const tried = await tryTurn(aggregate, stream, turn);
      if ('left' in tried) return tried;
      turn = tried.next;
    }
  };

  const run = async (aggregate: OpaqueAggregate, stream: string, queue: Queue): Promise<void> => {
    while (queue.jobs.length > 0) {
      const batch = takeBatch(queue);
      try {
        const { left, alone } = await processBatch(aggregate, stream, batch);
        queue.jobs.unshift(...left);
        if (alone) queue.alone = left.length;
      } catch (error) {
        for (const job of batch) job.reject(translate(error));
      }
    }
    queues.delete(stream);
  };

  const enqueue = (aggregate: OpaqueAggregate, stream: string, job: Job): void => {
    const queue = queues.get(stream);
    if (queue === undefined) {
      const created = { jobs: [job], alone: 0 };
      queues.set(stream, created);
      // After this turn of the event loop, so that what arrives together is decided together.
      host.soon(() => void run(aggregate, stream, created));
    } else if (queue.jobs.length >= MAX_WAITING) {
      job.reject(new Overloaded(`${stream} has ${MAX_WAITING} commands waiting`));
    } else {
      queue.jobs.push(job);
    }
  };

  return {
    decide: (aggregate, id, context, step) =>
      asJob({ context, ...step }, (job) =>
        enqueue(opaqueAggregate(aggregate), streamOf(aggregate, id), job),
      ),
    load: async <S, E extends DomainEvent, View>(
      aggregate: Aggregate<S, E>,
      id: string,
      context: CommandContext,
      view: (state: S) => View,
      enough?: (view: View, ageMs: number) => boolean,
    ) => {
      const stream = streamOf(aggregate, id);
      const cached = cache.peek(stream);
      if (cached !== undefined && enough !== undefined) {
        const seen = view(cached.state as S);
        if (enough(seen, host.elapsed() - cached.checkedAt)) return seen;
      }
      // A look takes its turn in the queue, as a decision that decides nothing: the entry has one
      // owner, and a thousand looks at once cost one read.
      const { expected: _ofTheTarget, ...rest } = context;
      const look = { context: { ...rest, commandId: host.uuid() }, decide: () => [], view };
      const { view: result } = await asJob({ ...look, isNew: false }, (job) =>
        enqueue(opaqueAggregate(aggregate), stream, job),
      );
      return result;
    },
  };
}

/** The next commands of a queue, each command id once: a second one is answered from what the first stored. */
function takeBatch(queue: Queue): Job[] {
  const ids = new Set<string>();
  const batch: Job[] = [];
  const rest: Job[] = [];
  const most = queue.alone > 0 ? 1 : MAX_COMMANDS;
  queue.alone = Math.max(0, queue.alone - 1);
  for (const job of queue.jobs) {
    const fits = batch.length < most && !ids.has(job.context.commandId);
    ids.add(job.context.commandId);
    (fits ? batch : rest).push(job);
  }
  queue.jobs = rest;
  return batch;
}

/** A command whose sender has stopped waiting is not begun: nothing of it is stored. */
function inTime(jobs: readonly Job[], now: number): Job[] {
  return jobs.filter((job) => {
    if (now < job.context.deadline) return true;
    job.reject(new Overloaded('the command waited for its stream until its deadline'));
    return false;
  });
}

function tell(outcome: Outcome): void {
  switch (outcome.kind) {
    case 'stored':
    case 'nothing-to-do':
      outcome.job.resolve(outcome.decided);
      break;
    case 'refused':
      outcome.job.reject(outcome.reason);
      break;
    case 'failed':
      outcome.job.reject(outcome.error);
      break;
    default:
      outcome satisfies never;
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof EventStoreUnavailableError || error instanceof KeyStoreUnavailableError;

/** It may go well the next time, or has already. */
const isUncertain = (error: unknown): boolean =>
  isAway(error) || error instanceof OutcomeUnknownError || error instanceof Overloaded;

function untold(jobs: readonly Job[], outcomes: readonly Outcome[]): Job[] {
  const told = new Set(outcomes.map(({ job }) => job));
  return jobs.filter((job) => !told.has(job));
}

/** For an append that failed: something of several cannot be stored. All else is thrown on. */
const unfitAmong =
  (jobs: readonly Job[]) =>
  (error: unknown): 'unfit' => {
    if (jobs.length === 1 || isUncertain(error)) throw error;
    return 'unfit';
  };

/** Failures of the store as what they mean to the sender of a command. */
function translate(error: unknown): unknown {
  if (error instanceof OutcomeUnknownError) {
    return new OutcomeUnknown('whether the command was stored is not known yet', { cause: error });
  }
  if (isAway(error)) {
    return new Overloaded('the event store or the key store does not answer', { cause: error });
  }
  return error;
}
