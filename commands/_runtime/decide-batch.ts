import type { OpaqueAggregate } from '../../domain/_kernel/aggregate.ts';
import type { DomainEvent, EventMetadata } from '../../domain/_kernel/event.ts';
import { eventIdOf } from '../../domain/_kernel/ids.ts';
import { isRejection } from '../../domain/_kernel/rejection.ts';
import { type CachedStream, foldInto } from './cached-stream.ts';
import type { CommandContext, ExpectedRevision } from './definition.ts';
import { CommandRefused, RevisionMismatch } from './errors.ts';
import type { Job, Outcome, Stored } from './job.ts';

/** The most bytes of JSON in one append; the store's limit is 1 MiB. */
const MAX_BYTES = 600_000;
/** What an event's metadata and envelope weigh beside its data. */
const ENVELOPE_BYTES = 600;

function metadataOf(context: CommandContext): EventMetadata {
  return {
    commandId: context.commandId,
    inputHash: context.inputHash,
    $correlationId: context.correlationId,
    $causationId: context.causationId,
    actor: context.actor,
    occurredAt: context.occurredAt,
    recordedAt: context.now,
    schemaVersion: 1,
    ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
  };
}

function toStored(
  category: string,
  stream: string,
  context: CommandContext,
  events: readonly DomainEvent[],
  after: number,
): Stored[] {
  const metadata = metadataOf(context);
  return events.map((event, index) => ({
    ...event,
    id: eventIdOf(context.executionId, category, index),
    stream,
    revision: after + 1 + index,
    position: -1n,
    metadata,
  }));
}

function isAsExpected(revision: number, expected: ExpectedRevision | undefined): boolean {
  if (expected === undefined) return true;
  return expected === 'any' ? revision >= 0 : expected.includes(revision);
}

function decideOne(
  aggregate: OpaqueAggregate,
  stream: string,
  entry: CachedStream,
  job: Job,
): Outcome {
  let events: Stored[] = [];
  try {
    const decision = job.decide(entry.state);
    const asExpected = isAsExpected(entry.revision, job.context.expected);
    // Somebody else's thing stays "not found", whatever revision is named.
    if (isRejection(decision) && (asExpected || decision.code === 'not-found')) {
      return { kind: 'refused', job, reason: new CommandRefused(decision) };
    }
    if (isRejection(decision) || !asExpected) {
      return { kind: 'refused', job, reason: new RevisionMismatch(entry.revision) };
    }
    events = toStored(aggregate.category, stream, job.context, decision, entry.revision);
    foldInto(aggregate, entry, events);
    const decided = {
      events,
      view: job.view(entry.state),
      revision: entry.revision,
      replayed: false,
    };
    return { kind: events.length === 0 ? 'nothing-to-do' : 'stored', job, decided };
  } catch (error) {
    // A decider that throws has a bug; it must not take the others of its batch with it. One that
    // throws while its events are folded leaves a state that nobody has stored.
    return { kind: 'failed', job, error, tainted: events.length > 0 };
  }
}

const bytesOf = (events: readonly Stored[]): number =>
  events.reduce((sum, { data }) => sum + JSON.stringify(data).length + ENVELOPE_BYTES, 0);

export type DecidedBatch = {
  /** What it came to for each job that was decided. */
  readonly outcomes: readonly Outcome[];
  /** What is to be appended, in order. */
  readonly events: readonly Stored[];
  /** What did not fit into the append. */
  readonly postponed: readonly Job[];
  /** The state has events in it that are not among those to be appended: it has to be dropped. */
  readonly tainted: boolean;
};

/**
 * Decides jobs in turn on one state, folding each one's events before the next decides. What does
 * not fit into one append is postponed to the next.
 */
export function decideBatch(
  aggregate: OpaqueAggregate,
  stream: string,
  entry: CachedStream,
  jobs: readonly Job[],
): DecidedBatch {
  const outcomes: Outcome[] = [];
  const events: Stored[] = [];
  let bytes = 0;
  for (const [index, job] of jobs.entries()) {
    if (bytes > MAX_BYTES)
      return { outcomes, events, postponed: jobs.slice(index), tainted: false };
    const outcome = decideOne(aggregate, stream, entry, job);
    outcomes.push(outcome);
    if (outcome.kind === 'failed' && outcome.tainted) {
      return { outcomes: [outcome], events: [], postponed: [], tainted: true };
    }
    if (outcome.kind === 'stored') {
      events.push(...outcome.decided.events);
      // Nothing comes after the last one that would have to fit beside it.
      if (index < jobs.length - 1) bytes += bytesOf(outcome.decided.events);
    }
  }
  return { outcomes, events, postponed: [], tainted: false };
}
