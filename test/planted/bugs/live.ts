import { asserts, type PlantedBug } from '../bug.ts';

const spec = 'read-api/live/live.spec.ts';
const index = 'read-api/live/index.ts';
const stream = 'read-api/live/stream.ts';
const live = 'projections/_runtime/live.ts';

/** Server-sent events: each of these would be a client that sees less, or more, than there is. */
const inLive: readonly Omit<PlantedBug, 'spec' | 'property' | 'red'>[] = [
  {
    name: 'begins-anew-at-each-resume',
    invariant: 'Who resumes goes on after the last id, and is not told everything again.',
    file: live,
    find: 'if (ordinal === null || ordinal > marks.upTo) return false;',
    replace: 'if (ordinal === null || rewrites === null) return false;',
    test: 'a roster resumed at any ordinal',
  },
  {
    name: 'skips-a-change',
    invariant: 'Each change is told: an ordinal that was told never has a part still to come.',
    file: live,
    find: 'const id = anew && !more ? marks.upTo : last;',
    replace: 'const id = marks.upTo + 1;',
    test: 'each change that is read by itself is told',
  },
  {
    name: 'keeps-quiet-about-a-rewrite',
    invariant: 'Rows that changed otherwise than by an event are told anew.',
    file: live,
    find: 'return rewrites === null ? ordinal > marks.rewrittenAt : rewrites === marks.rewrites;',
    replace: 'return rewrites === null ? ordinal > marks.rewrittenAt : true;',
    test: 'rows that changed otherwise than by an event',
  },
  {
    name: 'resumes-over-a-rewrite',
    invariant: 'Who resumes behind a rewrite begins anew.',
    file: live,
    find: 'return rewrites === null ? ordinal > marks.rewrittenAt : rewrites === marks.rewrites;',
    replace: 'return rewrites === null || rewrites === marks.rewrites;',
    test: 'rows that changed otherwise than by an event',
  },
  {
    name: 'closes-without-a-word',
    invariant: 'A process that ends tells its streams.',
    file: index,
    find: 'shared.closing = true;',
    replace: 'shared.closing = false;',
    test: 'closing ends streams with a word',
  },
  {
    name: 'follows-without-asking-who',
    invariant: 'Who may not ask may not follow.',
    file: live,
    find: 'if (rewrites === null) await definition.admit(inside, params);',
    replace: 'if (rewrites !== null) await definition.admit(inside, params);',
    test: 'who may not ask is refused as the query refuses',
  },
  {
    name: 'keeps-the-place-of-who-left',
    invariant: 'Who leaves makes room.',
    file: index,
    find: 'shared.bells.delete(bell.ring);\n        leave();',
    replace: 'shared.bells.delete(bell.ring);',
    test: 'a person has so many streams, and a process',
  },
  {
    name: 'sends-no-heartbeat',
    invariant: 'A quiet stream says that it is there.',
    file: stream,
    find: 'if (Date.now() - before >= heartbeatMs) yield* hand(heartbeat);',
    replace: 'if (before < 0) yield* hand(heartbeat);',
    test: "nobody is told of somebody else's enrollments",
  },
  {
    name: 'resumes-one-too-late',
    invariant: 'Who resumes at an ordinal gets everything after it.',
    file: index,
    find: 'return Number(header);',
    replace: 'return Number(header) + 1;',
    test: 'a roster resumed at any ordinal',
  },
  {
    name: 'keeps-every-state-for-a-slow-reader',
    invariant: 'A reader that does not read costs one message, and gets the last state.',
    file: index,
    find: '.send(Readable.from(frames))',
    replace: '.send(Readable.from(frames, { highWaterMark: 1_000 }))',
    test: 'a reader that does not read gets the last state only',
  },
  {
    name: 'outlives-its-token',
    invariant: 'A stream ends with its token, and says so.',
    file: index,
    find: "return Date.now() >= until ? 'token-expired' : null;",
    replace: 'return null;',
    test: 'a stream ends with its token',
  },
  {
    name: 'takes-any-last-event-id',
    invariant: 'A Last-Event-ID that is none is refused.',
    file: index,
    find: "const message = 'expected the id of an event",
    replace: "if (header.length > 0) return null;\n  const message = 'expected the id of an event",
    test: 'an id that is none is refused',
  },
  {
    name: 'shares-an-answer-with-everybody',
    invariant: "Nobody is told of somebody else's enrollments.",
    file: 'read-api/live/feed.ts',
    find: 'const audience = definition.audience(context.principal);',
    replace: "const audience = '';",
    test: 'those who ask at the same moment share an answer',
  },
];

/** The same through outages: platforms of several processes, followed at two of them. */
const throughOutages: readonly Omit<PlantedBug, 'spec' | 'property' | 'red'>[] = [
  {
    name: 'begins-anew-elsewhere',
    invariant: 'Who resumes at another process goes on, and is not told everything again.',
    file: live,
    find: 'if (ordinal === null || ordinal > marks.upTo) return false;',
    replace: 'if (ordinal === null || rewrites === null) return false;',
  },
  {
    name: 'resumes-one-too-late-elsewhere',
    invariant: 'Who resumes at another process gets everything after the last id, and no more.',
    file: index,
    find: 'return Number(header);',
    replace: 'return Number(header) + 1;',
  },
];

export const liveBugs: readonly PlantedBug[] = [
  ...throughOutages.map(
    (bug): PlantedBug => ({
      ...{ ...bug, property: 'live-updates', red: asserts },
      spec: 'test/faults/network/live.spec.ts',
    }),
  ),
  ...inLive.map((bug): PlantedBug => ({ ...bug, spec, property: 'live-updates', red: asserts })),
  {
    name: 'stays-deaf-after-a-lost-listener',
    property: 'live-updates',
    invariant: 'What was told while the listener was away is made up for.',
    file: 'projections/_runtime/changes-heard.ts',
    find: 'heard, connected: wakeAll }',
    replace: 'heard, connected: () => undefined }',
    spec: 'projections/_runtime/changes-heard.spec.ts',
    red: asserts,
  },
  {
    name: 'shares-a-read-of-before',
    property: 'live-updates',
    invariant: 'Who comes while a read of before is under way does not share it.',
    file: index,
    find: '{ position, news: changes.news() }',
    replace: '{ position, news: 0 }',
    spec: 'read-api/live/sharing.spec.ts',
    red: asserts,
  },
  {
    name: 'keeps-the-place-of-who-was-gone',
    property: 'live-updates',
    invariant: 'Who is gone before its stream begins leaves nothing behind.',
    file: index,
    find: 'if (response.closed) done();',
    replace: 'if (response.closed) return;',
    spec: 'read-api/live/gone.spec.ts',
    red: asserts,
  },
];
