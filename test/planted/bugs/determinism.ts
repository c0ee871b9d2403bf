import type { PlantedBug } from '../bug.ts';

const spec = 'test/simulation/simulation.spec.ts';

/** The simulated platform: what it plays must come from its seed, and its oracle must see. */
export const determinismBugs: readonly PlantedBug[] = [
  {
    name: 'looks-at-a-clock-of-its-own',
    property: 'determinism',
    invariant: 'All time comes from the host: the same seed plays the same history.',
    file: 'commands/_runtime/index.ts',
    find: 'const arrivedAt = host.now();',
    replace: 'const arrivedAt = Date.now();',
    spec,
    red: /PromiseBroken: |expected .* to (be|deeply equal)/,
  },
  {
    name: 'oversells-in-a-simulated-world',
    property: 'no-oversell',
    invariant: 'The simulated worlds see a seat that was sold twice.',
    file: 'domain/seating/settle.ts',
    find: 'return seats.capacity - ',
    replace: 'return seats.capacity + 1 - ',
    spec,
    red: /no-oversell: /,
  },
];
