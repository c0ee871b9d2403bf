import { asserts, type PlantedBug } from '../bug.ts';

const consumer = 'platform/consumer/index.ts';
const spec = 'platform/consumer/consumer.spec.ts';

/** The one consumer runtime under projections, sagas and relays. */
export const consumerBugs: readonly PlantedBug[] = [
  {
    name: 'counts-an-event-twice',
    property: 'checkpoint',
    invariant: 'Ordinals are dense: the same event has the same one after a rebuild and a move.',
    file: consumer,
    find: 'ordinal += 1;',
    replace: 'ordinal += raw.revision === 0 ? 2 : 1;',
    spec,
    test: 'delivers every event once and in order',
    red: /to deeply equal/,
  },
  {
    name: 'goes-on-by-a-checkpoint-of-another-log',
    property: 'checkpoint',
    invariant: 'A checkpoint of another log is refused.',
    file: consumer,
    find: 'session.checkpoint.logId !== logId',
    replace: "session.checkpoint.logId === ''",
    spec,
    test: 'refuses a checkpoint of another log',
    red: /belongs to the log ins_other/,
  },
  {
    name: 'goes-on-in-a-moved-log',
    property: 'checkpoint',
    invariant:
      'A checkpoint whose event stands elsewhere is refused: the log was moved or restored.',
    file: consumer,
    find: 'if (found === eventId) return;',
    replace: "if (found !== '') return;",
    spec,
    test: 'refuses a checkpoint whose event stands elsewhere',
    red: /expected '' to contain 'the log was moved/,
  },
  {
    name: 'goes-on-behind-a-failed-batch',
    property: 'checkpoint',
    invariant: 'A batch that could not be applied is taken again, not passed over.',
    file: consumer,
    find: 'await lost.guard(session.apply(batch));',
    replace: 'await lost.guard(session.apply(batch)).catch(() => undefined);',
    spec,
    test: 'resumes from the checkpoint after a failed batch',
    red: asserts,
  },
  {
    name: 'leaves-a-dropped-subscription',
    property: 'checkpoint',
    invariant: 'Every end of a subscription is noticed, and another is opened from the checkpoint.',
    file: 'platform/event-store/feed.ts',
    find: "subscription.on('error', (error: Error) => end(error));",
    replace: "subscription.on('error', () => undefined);",
    spec,
    test: 'opens another subscription when it was dropped',
    red: asserts,
  },
  {
    name: 'skips-what-it-cannot-decode',
    property: 'poison',
    invariant: 'What cannot be decoded is delivered as poison, never skipped.',
    file: consumer,
    find: 'return deliveredEvent(raw, result, ordinal);\n    });',
    replace:
      'return deliveredEvent(raw, result, ordinal);\n    }).filter(({ poison }) => poison === null);',
    spec,
    test: 'delivers what it cannot decode as poison',
    red: /to deeply equal/,
  },
];
