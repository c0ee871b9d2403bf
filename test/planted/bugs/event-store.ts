import { asserts, type PlantedBug } from '../bug.ts';

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
  {
    name: 'believes-a-read-that-was-cut',
    property: 'unknown-outcome',
    invariant: 'A read that was cut short is whole or fails, never short.',
    file: 'platform/event-store/reads.ts',
    find: "if (!holder.serves(client)) throw new Error('its client was replaced meanwhile');",
    replace: '',
    spec: 'platform/event-store/read.spec.ts',
    test: 'a read that was cut short because its client was replaced',
    red: asserts,
  },
  {
    name: 'takes-any-expected-revision',
    property: 'log',
    invariant: 'The event store node refuses an append at a revision that the stream is not at.',
    file: 'embedded/event-store/core/decide.ts',
    find: 'if (version > last) return wrongVersion(stream, expected, last);',
    replace: 'if (version > last) return GO;',
    spec: 'embedded/event-store/write/plan.spec.ts',
    red: asserts,
  },
  {
    name: 'stores-a-repeat-again',
    property: 'unknown-outcome',
    invariant: 'The event store node knows a repeat by its ids, and answers it with the original.',
    file: 'embedded/event-store/core/decide.ts',
    find: 'if (found?.id === id) continue;',
    replace: 'if (found?.id === `${id}?`) continue;',
    spec: 'embedded/event-store/write/plan.spec.ts',
    red: asserts,
  },
  {
    name: 'repeats-under-any-revision',
    property: 'unknown-outcome',
    invariant: 'A repeat without a revision is known by its ids.',
    file: 'embedded/event-store/core/decide.ts',
    find: 'let found = view.lately(stream, first);',
    replace: 'let found = view.lately(stream, `${first}?`);',
    spec: 'embedded/event-store/write/plan.spec.ts',
    red: asserts,
  },
];
