/** A valid request of each method, to be spoilt. */
import {
  appendEvent,
  appendOptions,
  batchFrame,
  deletion,
  event,
  filterOf,
  type paths,
  readRequest,
} from '../messages.ts';
import { EMPTY } from '../protobuf.ts';
import type { Random } from '../random.ts';
import { newName } from '../texts.ts';

type Maker = (random: Random) => readonly Buffer[];

/** The messages of a call, by method. */
export const valid: Readonly<Record<keyof typeof paths, Maker>> = {
  read: (random) => [
    random.chance(0.5)
      ? readRequest({ stream: newName(random), count: 10n })
      : readRequest({
          count: 5n,
          backwards: random.chance(0.5),
          links: random.chance(0.5),
          filter: filterOf({ on: 'type', prefixes: ['fuzz', '$'] }),
        }),
  ],
  append: (random) => [
    appendOptions({ stream: newName(random) }),
    appendEvent(event(random)),
    appendEvent(event(random, { metadata: '{}' })),
  ],
  batch: (random) => [
    batchFrame({
      correlation: random.uuid(),
      stream: newName(random),
      events: [event(random), event(random)],
    }),
  ],
  delete: (random) => [deletion({ stream: newName(random) })],
  tombstone: (random) => [deletion({ stream: newName(random) })],
  gossip: () => [EMPTY],
  features: () => [EMPTY],
};

export const methods = Object.keys(valid) as (keyof typeof paths)[];
