/**
 * A refusal is a value, not an exception: `decide` returns it, the command path maps its code to a
 * problem document. A code is kebab-case, stable and documented (it is part of the HTTP contract).
 */
export type Rejection = {
  readonly kind: 'rejection';
  readonly code: string;
  /** One sentence for a person: what was refused and what would be right. No personal data. */
  readonly message: string;
  /** Facts a client can act on (ids, amounts, instants); they become members of the problem. */
  readonly details: Readonly<Record<string, unknown>>;
};

/** `code` is in the refusal table of the command path; a spec holds the deciders to it. */
export function rejected(
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): Rejection {
  return { kind: 'rejection', code, message, details };
}

/** What a decision comes to: the events to append (none: nothing to do), or a refusal. */
export type Decision<E> = readonly E[] | Rejection;

export function isRejection(value: unknown): value is Rejection {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'rejection'
  );
}
