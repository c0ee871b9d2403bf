import type { PlantedBug } from '../bug.ts';

const append = 'platform/event-store/append.ts';
const appendSpec = 'platform/event-store/append.spec.ts';

/** Our side of the event store: the client that is kept usable, and the codec. */
export const eventStoreBugs: readonly PlantedBug[] = [
  {
    name: 'takes-a-silence-for-a-failure',
    property: 'unknown-outcome',
    invariant:
      'An append without an answer is UNKNOWN, and resolved by sending the same ids again.',
    file: append,
    find: 'if (error instanceof OutcomeUnknownError) return error;',
    replace: "throw new Error('the append failed', { cause: error });",
    spec: appendSpec,
    red: /the append failed/,
  },
  {
    name: 'sends-a-repeat-under-new-ids',
    property: 'unknown-outcome',
    invariant: 'What is sent again has the ids it had: the store tells a repeat by them.',
    file: append,
    find: 'const eventData = ({ id, type, data, metadata }: EncodedEvent) =>\n  jsonEvent({ id, type,',
    replace: 'const eventData = ({ type, data, metadata }: EncodedEvent) =>\n  jsonEvent({ type,',
    spec: appendSpec,
    test: 'is told as appended once it is known',
    red: /expected .*conflict.* to match object|expected .* length/s,
  },
];
