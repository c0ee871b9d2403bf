import type { ErrorRule, ProblemTable } from '../platform/http/index.ts';
import { HttpProblem, named, on, retryLater } from '../platform/http/index.ts';
import { NotFoundError } from '../projections/_runtime/query.ts';

export const readProblems = {
  'invalid-consistency-token': {
    status: 400,
    title: 'Invalid consistency token',
    description: 'The `Consistency-Token` is not one that an answer of these APIs carried.',
  },
  'not-yet-visible': {
    status: 503,
    title: 'Not yet visible',
    description:
      'What the `Consistency-Token` stands for is stored, but not yet in the read models. Ask again, or wait longer with `Prefer: wait=10`.',
  },
  'too-many-streams': {
    status: 429,
    title: 'Too many streams',
    description:
      'This person, or this address, follows as much as it may at a time. Close a stream, or share one.',
  },
} as const satisfies ProblemTable;

export const readRules: readonly ErrorRule[] = [
  on(NotFoundError, () => new HttpProblem('not-found')),
  named(['EventStoreUnavailableError', 'KeyStoreUnavailableError'], (cause) =>
    retryLater('unavailable', { cause }),
  ),
];
