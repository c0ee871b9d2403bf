import type { Rejection } from '../../domain/_kernel/rejection.ts';

/** The domain said no: a typed refusal. Nothing was stored and the key is not burned. */
export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
  readonly rejection: Rejection;
  constructor(rejection: Rejection) {
    super(`${rejection.code}: ${rejection.message}`);
    this.rejection = rejection;
  }
}

/** The thing has another revision than its sender believes (HTTP 412). Nothing was stored. */
export class RevisionMismatch extends Error {
  override readonly name = 'RevisionMismatch';
  /** What it is; -1: the stream has no events. */
  readonly revision: number;
  constructor(revision: number) {
    super(`the revision is ${revision}`);
    this.revision = revision;
  }
}

/** This change needs the revision that its sender has seen (HTTP 428). Nothing was stored. */
export class RevisionRequired extends Error {
  override readonly name = 'RevisionRequired';
}

/** The same key came with another input (HTTP 422). */
export class IdempotencyConflict extends Error {
  override readonly name = 'IdempotencyConflict';
}

/** The outcome could not be found out in time, or a part is stored (HTTP 503): send the same key again. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** More waits than can be done before the deadline (HTTP 503 with Retry-After). Nothing was stored. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

/** The input does not fit the command's schema. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
  constructor(issues: InvalidInput['issues']) {
    super(
      issues.map((issue) => `/${issue.path.map(String).join('/')}: ${issue.message}`).join('; '),
    );
    this.issues = issues;
  }
}

/** The principal may not send this command (HTTP 403). */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
}
