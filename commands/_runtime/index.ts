import { createHmac } from 'node:crypto';
import type { Aggregate, OpaqueAggregate } from '../../domain/_kernel/aggregate.ts';
import type { Actor, DomainEvent, StoredEvent } from '../../domain/_kernel/event.ts';
import { PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';
import type { Decision } from '../../domain/_kernel/rejection.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import { type Host, machine } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { gauge, histogram } from '../../platform/telemetry/index.ts';
import { type Admission, createAdmission } from './admission.ts';
import { createStreamCache, type StreamCache } from './cached-stream.ts';
import { canonicalJson } from './canonical-json.ts';
import type {
  CommandContext,
  CommandDefinition,
  CommandResult,
  CommandTools,
  Decided,
  DecideStep,
  ExpectedRevision,
  Principal,
} from './definition.ts';
import {
  CommandRefused,
  Forbidden,
  OutcomeUnknown,
  Overloaded,
  RevisionRequired,
} from './errors.ts';
import { createHearing } from './heard.ts';
import { parse } from './parsed.ts';
import type { CommandPorts } from './ports.ts';
import { createStreamQueues } from './stream-queue.ts';

export type * from './definition.ts';
export * from './errors.ts';
export { type Parsed, parsedBy } from './parsed.ts';
export type * from './ports.ts';
export { type Refusal, type RefusalCode, refusalOf, refusalTable } from './refusals.ts';

export type CommandRequest = {
  readonly principal: Principal;
  /** The client's idempotency key. */
  readonly key?: string;
  /** Given by sagas: derived from the input that caused the command. */
  readonly commandId?: string;
  readonly causationId?: string;
  readonly correlationId?: string;
  readonly traceparent?: string;
  /** Epoch milliseconds; default: ten seconds from now. */
  readonly deadline?: number;
  /** For commands with `ifMatch`: the revision that the sender has seen. */
  readonly expected?: ExpectedRevision;
};

/** As it came, or as `Parsed` by the schemas of the definition. */
export type CommandInput = { readonly params: unknown; readonly body: unknown };

export type CommandBus = {
  /**
   * Executes a command. Throws `InvalidInput`, `Forbidden`, `CommandRefused`, `RevisionRequired`,
   * `RevisionMismatch`, `IdempotencyConflict`,
   * `OutcomeUnknown` (send the same key again) or `Overloaded` (nothing was stored; later).
   */
  execute(command: string, input: CommandInput, request: CommandRequest): Promise<CommandResult>;
  readonly commands: ReadonlyMap<string, CommandDefinition>;
  /**
   * Told of events in the order of the log, by a process that hears it: streams of `heard` aggregates
   * need not be read again for them. Each event once or more, some or all of them.
   */
  hear(events: readonly StoredEvent[]): void;
};

type Input = Parameters<CommandDefinition['execute']>[1];

const DEFAULT_DEADLINE_MS = 10_000;
/** In remembered commands: 20,000 small streams, at most 120 MB. */
const CACHE_WEIGHT = 200_000;

function actorOf(principal: Principal): Actor {
  return principal.kind === 'anonymous'
    ? { kind: 'anonymous', id: '' }
    : { kind: principal.kind, id: principal.id };
}

function authorise(definition: CommandDefinition, principal: Principal): void {
  const { permission } = definition;
  // The platform's own parts may send everything; what they send is in their code, not in a request.
  if (principal.kind === 'saga' || principal.kind === 'system' || principal.kind === 'stripe')
    return;
  if (permission.kind === 'public') return;
  const allowed =
    permission.kind === 'roles' &&
    principal.kind === 'person' &&
    principal.roles.some((role) => permission.roles.includes(role));
  if (!allowed) throw new Forbidden(`${definition.name} is not allowed to this principal`);
}

/** The platform's own parts decide on the newest state: nobody's screen was behind. */
function demandRevision(definition: CommandDefinition, request: CommandRequest): void {
  if (definition.ifMatch !== 'required' || request.principal.kind !== 'person') return;
  if (request.expected === undefined) {
    throw new RevisionRequired(`${definition.name} needs the revision that was seen`);
  }
}

/**
 * The command path of one process. `hashKey` makes the input hash keyed: inputs hold passwords and
 * names, and a plain hash of them in the log could be tried out.
 */
export function createCommandBus(options: {
  eventStore: EventStore;
  ports: CommandPorts;
  commands: readonly CommandDefinition[];
  hashKey: Buffer;
  log: Logger;
  /** Commands that the cached streams remember, at least; see `createStreamCache`. */
  cacheWeight?: number;
  /** Whose streams are kept up by what `hear` is told. */
  heard?: readonly OpaqueAggregate[];
  host?: Host;
}): CommandBus {
  const { eventStore, ports, hashKey, log, host = machine } = options;
  const commands = new Map(options.commands.map((definition) => [definition.name, definition]));
  const cache = createStreamCache(options.cacheWeight ?? CACHE_WEIGHT);
  const queues = createStreamQueues({ eventStore, cache, host });
  const admission = createAdmission(host);
  observe(admission, cache);
  const duration = histogram({
    name: 'pawprint_command_seconds',
    help: 'Time from the arrival of a command to its answer',
    labels: ['command', 'outcome'],
  });

  const contextOf = (
    definition: CommandDefinition,
    input: Input,
    request: CommandRequest,
  ): CommandContext => {
    const { principal } = request;
    const inputHash = createHmac('sha256', hashKey)
      .update(canonicalJson([definition.name, input.params, input.body]))
      .digest('hex');
    const own = definition.identity?.(input);
    const target = definition.target?.(input) ?? null;
    const who =
      principal.kind === 'anonymous'
        ? `anonymous:${inputHash}`
        : `${principal.kind}:${principal.id}`;
    const commandId =
      request.commandId ??
      (own === undefined
        ? uuidv5(
            PAWPRINT_NAMESPACE,
            canonicalJson([who, definition.name, input.params, target, request.key ?? '']),
          )
        : uuidv5(PAWPRINT_NAMESPACE, `${definition.name}|${own}`));
    const arrivedAt = host.now();
    return {
      commandId,
      executionId: host.uuid(),
      inputHash,
      now: new Date(arrivedAt).toISOString(),
      occurredAt: new Date(arrivedAt).toISOString(),
      principal,
      actor: actorOf(principal),
      correlationId: request.correlationId ?? commandId,
      causationId: request.causationId ?? commandId,
      ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
      deadline: request.deadline ?? arrivedAt + DEFAULT_DEADLINE_MS,
      ...(request.expected === undefined ? {} : { expected: request.expected }),
    };
  };

  const perform = async (
    definition: CommandDefinition,
    input: Input,
    context: CommandContext,
  ): Promise<CommandResult> => {
    const steps: Decided<DomainEvent, unknown>[] = [];
    // A stream that derives from the command can only be there already if an earlier execution wrote
    // it. Where that shows in an earlier step nothing is guessed; in the first step the append at "no
    // stream" shows it, for the events of each execution have ids of their own.
    const firstTime = () => steps.every((step) => !step.replayed && step.events.length > 0);
    // The revision that is named is that of the thing itself, whose stream comes first.
    const { expected: _ofTheThing, ...afterwards } = context;
    const tools: CommandTools = {
      ports,
      load: (aggregate, id, view, enough) => queues.load(aggregate, id, context, view, enough),
      decide: async <S, E extends DomainEvent, L, View>(
        aggregate: Aggregate<S, E>,
        id: string,
        step: DecideStep<S, E, L, View>,
      ) => {
        const run = (decide: (state: S) => Decision<E>) =>
          queues.decide(
            aggregate,
            id,
            {
              ...(steps.length === 0 ? context : afterwards),
              occurredAt: step.occurredAt ?? context.now,
            },
            {
              decide,
              view: step.view ?? (() => undefined as View),
              viewThen: step.viewOf === 'then',
              isNew: step.isNew === true && firstTime(),
            },
          );
        let decided: Decided<E, View>;
        try {
          const looked = step.lookup === undefined ? (undefined as L) : await step.lookup();
          decided = await run((state) => step.decide(state, looked));
        } catch (error) {
          if (!(error instanceof CommandRefused) || step.lookup === undefined) throw error;
          // What a look-up refuses now may have been granted before: a repeat gets its first answer.
          decided = await run(() => error.rejection);
        }
        steps.push(decided);
        return decided;
      },
    };
    const reply = await definition.execute(tools, input, context).catch((error: unknown) => {
      // Its first stream has it: who heard "nothing was done" might send it under another key.
      if (!(error instanceof Overloaded) || steps.every(({ events }) => events.length === 0))
        throw error;
      throw new OutcomeUnknown('the command is stored in part', { cause: error });
    });
    const positions = steps.flatMap((step) => step.events.map((event) => event.position));
    return {
      reply,
      // A step that had nothing to do is the same in every execution.
      replayed:
        steps.some((step) => step.replayed) &&
        steps.every((step) => step.replayed || step.events.length === 0),
      revision: steps.at(definition.ifMatch === undefined ? -1 : 0)?.revision ?? null,
      position: positions.reduce<bigint | null>(
        (most, p) => (most === null || p > most ? p : most),
        null,
      ),
    };
  };

  return {
    commands,
    hear: createHearing(cache, options.heard ?? [], log),
    execute: async (name, given, request) => {
      const definition = commands.get(name);
      if (definition === undefined) throw new TypeError(`there is no command called ${name}`);
      const stop = duration.startTimer({ command: name });
      let outcome = 'error';
      try {
        authorise(definition, request.principal);
        const input = {
          params: parse(definition.params, given.params, 'params'),
          body: parse(definition.body, given.body, 'body'),
        };
        demandRevision(definition, request);
        const context = contextOf(definition, input, request);
        const msLeft = context.deadline - host.now();
        const result = await admission.admit(msLeft, () => perform(definition, input, context));
        outcome = result.replayed ? 'replayed' : 'done';
        return result;
      } catch (error) {
        outcome = error instanceof CommandRefused ? error.rejection.code : (error as Error).name;
        if (outcome === 'Error' || outcome === 'TypeError')
          log.error({ err: error, command: name }, 'a command failed');
        throw error;
      } finally {
        stop({ outcome });
      }
    },
  };
}

function observe(admission: Admission, cache: StreamCache): void {
  gauge(
    {
      name: 'pawprint_commands_in_flight',
      help: 'Commands that were let in and have no answer yet',
    },
    (metric) => metric.set(admission.inFlight),
  );
  gauge(
    { name: 'pawprint_command_streams_cached', help: 'Streams whose folded state is in memory' },
    (metric) => metric.set(cache.entries),
  );
}
