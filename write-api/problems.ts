import {
  CommandRefused,
  Forbidden,
  IdempotencyConflict,
  InvalidInput,
  OutcomeUnknown,
  Overloaded,
  RevisionMismatch,
  RevisionRequired,
  refusalOf,
  refusalTable,
} from '../commands/_runtime/index.ts';
import {
  type ErrorRule,
  fieldErrors,
  HttpProblem,
  idempotencyKeyFormat,
  named,
  on,
  type ProblemTable,
  retryLater,
} from '../platform/http/index.ts';
import { InvalidCredentialsError, InvalidRefreshTokenError } from '../platform/identity/index.ts';

/** What only the write API answers, besides the refusals of the domain. */
const own = {
  'idempotency-key-missing': {
    status: 400,
    title: 'Idempotency key missing',
    description:
      'Every command needs an `Idempotency-Key`: without one a repeat could not be told from a second wish.',
  },
  'idempotency-key-invalid': {
    status: 400,
    title: 'Idempotency key invalid',
    description: `An \`Idempotency-Key\` has ${idempotencyKeyFormat.words}.`,
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency key reused',
    description: 'This key was sent before with another input. A new wish needs a new key.',
  },
  'revision-mismatch': {
    status: 412,
    title: 'Revision mismatch',
    description:
      'It was changed since you saw it: it has another revision than `If-Match` names; `revision` says which. Read it again, and decide anew.',
  },
  'revision-required': {
    status: 428,
    title: 'Revision required',
    description:
      'Others may change it too: name the revision you have seen, as `If-Match: "3"`, so that nothing unseen is overwritten. `If-Match: *` means whatever it is.',
  },
  'outcome-unknown': {
    status: 503,
    title: 'Outcome unknown',
    description:
      'It could not be found out in time whether the command was stored, or it was stored in part. Send the same request again with the same key: it will not be done twice.',
  },
  'invalid-credentials': {
    status: 401,
    title: 'Invalid credentials',
    description: 'The e-mail address or the password is wrong.',
  },
  'invalid-refresh-token': {
    status: 401,
    title: 'Invalid refresh token',
    description: 'The refresh token opens no session any more: log in again.',
  },
  'invalid-signature': {
    status: 400,
    title: 'Invalid signature',
    description: 'The webhook is not signed by Stripe, was changed on its way, or is too old.',
  },
} as const satisfies ProblemTable;

export const writeProblems: ProblemTable = { ...refusalTable, ...own };

/** What every command may answer beyond its own refusals. */
export const commandProblems = [
  'idempotency-key-missing',
  'idempotency-key-invalid',
  'idempotency-key-reused',
  'outcome-unknown',
  'shutting-down',
] as const;

function refused({ rejection }: CommandRefused): HttpProblem {
  const { code, message, details } = rejection;
  return new HttpProblem(code, { kind: refusalOf(code), detail: message, facts: details });
}

/** The bus names the part first: `['body', 'attendee', 'email']`. */
function invalidInput({ issues }: InvalidInput): HttpProblem {
  const errors = issues.flatMap(({ path: [part, ...path], message }) =>
    fieldErrors([{ path, message }], String(part)),
  );
  return new HttpProblem('invalid-input', { errors });
}

/** Every error of the command path, and its problem: the one place that knows both. */
export const writeRules: readonly ErrorRule[] = [
  on(CommandRefused, refused),
  on(
    RevisionMismatch,
    ({ revision }) => new HttpProblem('revision-mismatch', { facts: { revision } }),
  ),
  on(RevisionRequired, () => new HttpProblem('revision-required')),
  on(InvalidInput, invalidInput),
  on(Forbidden, () => new HttpProblem('forbidden')),
  on(IdempotencyConflict, () => new HttpProblem('idempotency-key-reused')),
  on(OutcomeUnknown, (cause) => retryLater('outcome-unknown', { cause })),
  // Its stream was deleted for good.
  named(['ReadRefusedError'], (cause) => new HttpProblem('not-found', { cause })),
  named(['WebhookRefusedError'], (cause) => new HttpProblem('invalid-signature', { cause })),
  named(['OutcomeUnknownError'], (cause) => retryLater('outcome-unknown', { cause })),
  on(Overloaded, (cause) => retryLater('overloaded', { cause })),
  on(InvalidCredentialsError, () => new HttpProblem('invalid-credentials')),
  on(InvalidRefreshTokenError, () => new HttpProblem('invalid-refresh-token')),
  named(
    ['EventStoreUnavailableError', 'KeyStoreUnavailableError', 'StripeUnavailableError'],
    (cause) => retryLater('unavailable', { cause }),
  ),
];
