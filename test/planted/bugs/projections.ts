import { asserts, type PlantedBug } from '../bug.ts';

const plan = 'projections/_runtime/plan.ts';
const save = 'projections/_runtime/save.ts';
const spec = 'projections/_runtime/group.spec.ts';

/** The runtime of the read models. */
export const projectionBugs: readonly PlantedBug[] = [
  {
    name: 'saves-the-checkpoint-by-itself',
    property: 'checkpoint',
    invariant: 'Rows and checkpoint are saved in one transaction.',
    file: save,
    find: 'await saveCheckpoints(client, members, batch);',
    replace:
      "await client.query('commit; begin');\n      await saveCheckpoints(client, members, batch);",
    spec,
    test: 'and checkpoint go together',
    red: /to deeply equal/,
  },
  {
    name: 'applies-a-batch-twice',
    property: 'checkpoint',
    invariant: 'An event that was applied is not applied again when its batch comes twice.',
    file: plan,
    find: 'event.ordinal <= (checkpoint?.ordinal ?? 0)',
    replace: 'event.ordinal < 0',
    spec,
    test: 'that were applied are not applied again',
    red: /to deeply equal|violates/,
  },
  {
    name: 'parks-one-event-and-not-its-key',
    property: 'poison',
    invariant: 'Later events of a parked key wait behind it.',
    file: plan,
    find: 'plan.blocked.add(key);',
    replace: 'plan.blocked.add(`${key}?`);',
    spec,
    test: 'parks its key, and un-parking ends as if nothing had been',
    red: asserts,
  },
  {
    name: 'parks-everything-behind-a-poison',
    property: 'poison',
    invariant: 'A poison event parks its own key, and every other key goes on.',
    file: plan,
    find: 'const behind = [key, event.stream].find((name) => plan.blocked.has(name));',
    replace: 'const behind = [...plan.blocked][0];',
    spec,
    test: 'leaves every other key as it would be',
    red: asserts,
  },
  {
    name: 'moves-seen-back',
    property: 'read-your-writes',
    invariant: 'How far a projection has seen never goes back.',
    file: 'projections/_runtime/checkpoints.ts',
    find: 'greatest(seen,',
    replace: 'least(seen,',
    spec,
    test: 'moves with events that do not matter',
    red: asserts,
  },
];
