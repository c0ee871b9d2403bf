import type { z } from 'zod';
import type { Aggregate } from '../../domain/_kernel/aggregate.ts';
import type { Actor, DomainEvent, StoredEvent } from '../../domain/_kernel/event.ts';
import type { Decision } from '../../domain/_kernel/rejection.ts';
import type { Role } from '../../domain/_kernel/roles.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import type { CommandPorts } from './ports.ts';

/** Who asks. Roles come from the access token; sagas and the system act for the platform. */
export type Principal =
  | { readonly kind: 'person'; readonly id: `mem_${string}`; readonly roles: readonly Role[] }
  | { readonly kind: 'saga' | 'system' | 'stripe'; readonly id: string }
  | { readonly kind: 'anonymous' };

/** Deny by default: a command without a permission does not type-check. */
export type Permission =
  | { readonly kind: 'public' }
  | { readonly kind: 'roles'; readonly roles: readonly [Role, ...Role[]] }
  /** Never mounted as a route: sagas and the platform itself send it. */
  | { readonly kind: 'internal' };

export const publicPermission: Permission = { kind: 'public' };
export const internalPermission: Permission = { kind: 'internal' };
export const roles = (...list: readonly [Role, ...Role[]]): Permission => ({
  kind: 'roles',
  roles: list,
});

/** Everything fixed on arrival; a decision never looks at the clock again. */
export type CommandContext = {
  readonly commandId: string;
  /**
   * This execution of the command, no other: event ids derive from it. Two processes that execute
   * one command at once must not look to the store like one append sent twice, because it compares
   * ids, not contents.
   */
  readonly executionId: string;
  /** Keyed hash of route and input. */
  readonly inputHash: string;
  readonly now: Instant;
  /** When it happened in the world; the moment of arrival unless a step says otherwise. */
  readonly occurredAt: Instant;
  readonly principal: Principal;
  readonly actor: Actor;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent?: string;
  /** Epoch milliseconds after which no further attempt is made. */
  readonly deadline: number;
  /** What the sender believes the thing's revision to be; left out: whatever it is. */
  readonly expected?: ExpectedRevision;
};

/** One of these revisions of the stream; `any`: a thing that exists, whatever its revision. */
export type ExpectedRevision = 'any' | readonly number[];

export type Decided<E extends DomainEvent, View> = {
  /** The events this command has in the stream, as stored: now, or by an earlier execution. */
  readonly events: readonly StoredEvent<E>[];
  readonly view: View;
  /** The stream's last revision after them; -1 for a stream without events. */
  readonly revision: number;
  /** Whether an earlier execution of the same command id had already stored them. */
  readonly replayed: boolean;
};

/** `L` and `View` are undefined where there is no `lookup` and no `view`. */
export type DecideStep<S, E extends DomainEvent, L, View> = {
  readonly lookup?: () => Promise<L>;
  readonly decide: (state: S, looked: L) => Decision<E>;
  readonly view?: (state: S) => View;
  /**
   * What a repeat views: the newest state, which what is left to do depends on, or (`then`) the one
   * that its events led to, for a view that the answer is made of. That reads the stream up to them.
   */
  readonly viewOf?: 'now' | 'then';
  /**
   * The stream's id derives from this command or what it is about, and nobody else begins it: saves
   * reading a stream that is not there. A repeat meets it with its append, and reads it then.
   */
  readonly isNew?: boolean;
  /** When it happened in the world, where that is not the moment of the request. */
  readonly occurredAt?: Instant;
};

export type CommandTools = {
  /**
   * One decision in one stream: queued per stream, folded, decided, appended with the exact
   * expected revision, retried on a conflict, resolved when the outcome is unknown.
   * `lookup` runs first; if it refuses, a command that is in the stream already is still answered.
   * Throws `CommandRefused` when `decide` gives a rejection.
   * The state belongs to the runtime: `decide` and `view` must not keep or change it.
   */
  decide<S, E extends DomainEvent, L = undefined, View = undefined>(
    aggregate: Aggregate<S, E>,
    id: string,
    step: DecideStep<S, E, L, View>,
  ): Promise<Decided<E, View>>;
  /**
   * Reads an aggregate as of now. `view` picks what is needed; the state must not be kept.
   * `enough` may be content with what this process has cached (facts that never change again, or
   * an age in milliseconds that does not matter); otherwise the store is asked.
   */
  load<S, E extends DomainEvent, View>(
    aggregate: Aggregate<S, E>,
    id: string,
    view: (state: S) => View,
    enough?: (view: View, ageMs: number) => boolean,
  ): Promise<View>;
  readonly ports: CommandPorts;
};

type Input<P extends z.ZodType, B extends z.ZodType> = {
  readonly params: z.output<P>;
  readonly body: z.output<B>;
};

/** One definition per command; route, OpenAPI, permission matrix and docs are derived from it. */
export type CommandDefinition<
  P extends z.ZodObject = z.ZodObject,
  B extends z.ZodObject = z.ZodObject,
  R extends z.ZodType = z.ZodType,
> = {
  /** Unique, kebab-case, imperative: `enroll`, `publish-activity`. */
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  /** The noun under which the API reference lists it. */
  readonly tag: string;
  /** The path in Fastify's form (`/v1/activities/:activityId/enrollments`); null: internal. */
  readonly path: string | null;
  readonly permission: Permission;
  readonly params: P;
  /** A strict object: an unknown field is refused. */
  readonly body: B;
  /** No defaults or transforms in replies: a field left out would be a 500. */
  readonly reply: R;
  readonly status: 200 | 201;
  /** The refusal codes a client has to expect; each stands in the refusal table. */
  readonly refusals: readonly string[];
  readonly example: {
    readonly params: z.input<P>;
    readonly body: z.input<B>;
    readonly reply: z.input<R>;
  };
  /**
   * What the body names as the thing to change, where no parameter does. Parameters and target are
   * part of the command id: one key for two things is two commands, each with ids of its own. Else
   * the first stream of the second would be written before the second stream tells the repeat.
   */
  target?(input: Input<P, B>): string;
  /**
   * For changes of one thing, in whose stream it decides first: whether its revision may, or must, be named (`If-Match`).
   * `required` where the sender would else overwrite what he has not seen. Left out: it cannot.
   */
  readonly ifMatch?: 'optional' | 'required';
  /** For inputs that carry their own identity (a scan's device and nonce): the name of the command id. */
  identity?(input: Input<P, B>): string;
  execute(tools: CommandTools, input: Input<P, B>, context: CommandContext): Promise<z.output<R>>;
};

/** Holds input, example and reply of a definition to its own schemas. */
export function defineCommand<P extends z.ZodObject, B extends z.ZodObject, R extends z.ZodType>(
  definition: CommandDefinition<P, B, R>,
): CommandDefinition<P, B, R> {
  return definition;
}

/** What an executed command answers with, besides its reply. */
export type CommandResult<Reply = unknown> = {
  readonly reply: Reply;
  readonly replayed: boolean;
  /** Revision of the last stream it decided in, with `ifMatch` of the first: the `ETag`. */
  readonly revision: number | null;
  /** The highest position it has stored, here or in the execution it repeats: the token. */
  readonly position: bigint | null;
};
