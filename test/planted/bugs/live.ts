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
];

export const liveBugs: readonly PlantedBug[] = inLive.map((bug) => ({
  ...bug,
  spec,
  property: 'live-updates' as const,
  red: asserts,
}));
