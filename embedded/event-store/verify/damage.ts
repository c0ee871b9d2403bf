import type { RecordedEvent } from '../core/model.ts';
import { TOMBSTONE, TOMBSTONE_TYPE } from '../core/model.ts';

/** What is wrong in a log, and where. `stream` and `revision` are null where a row is missing and nothing tells whose it was. */
export type Damage = {
  readonly kind:
    | 'checksum'
    | 'position-missing'
    | 'position-impossible'
    | 'revision-missing'
    | 'order'
    | 'tombstone';
  readonly stream: string | null;
  readonly revision: bigint | null;
  readonly position: bigint;
  /** One sentence. */
  readonly problem: string;
};

/** A row as far as its place goes. */
export type Place = Pick<RecordedEvent, 'stream' | 'revision' | 'position' | 'type'>;

const at = ({ stream, revision, position }: Place) => ({ stream, revision, position });

/**
 * A node hands out positions without holes, so a hole is a row that somebody removed. `previous` is
 * the position before, 0 for none.
 */
export const positionDamage = (previous: bigint, event: Place): Damage | undefined => {
  if (event.position < 1n) {
    const problem = 'positions begin at 1';
    return { kind: 'position-impossible', ...at(event), problem };
  }
  const first = previous + 1n;
  if (event.position === first) return undefined;
  const last = event.position - 1n;
  const range =
    first === last ? `the event at position ${first} is` : `positions ${first} to ${last} are`;
  return {
    kind: 'position-missing',
    stream: null,
    revision: null,
    position: first,
    problem: `${range} missing (the next one is event ${event.revision} of ${event.stream})`,
  };
};

/** `previous` is the row before in the same stream, by revision; undefined for its first. */
export const revisionDamages = (previous: Place | undefined, event: Place): readonly Damage[] => {
  const found: Damage[] = [];
  const last = previous?.revision ?? -1n;
  if (event.revision === TOMBSTONE) {
    if (event.type !== TOMBSTONE_TYPE) {
      const problem = `the last possible revision belongs to ${TOMBSTONE_TYPE}, this is a ${event.type}`;
      found.push({ kind: 'tombstone', ...at(event), problem });
    }
  } else if (event.revision !== last + 1n) {
    const first = last + 1n;
    const until = event.revision - 1n;
    const range = first === until ? `revision ${first} is` : `revisions ${first} to ${until} are`;
    found.push({ kind: 'revision-missing', ...at(event), problem: `${range} missing before it` });
  }
  if (previous !== undefined && event.position <= previous.position) {
    const problem = `it stands before revision ${previous.revision} of its stream (position ${previous.position})`;
    found.push({ kind: 'order', ...at(event), problem });
  }
  return found;
};
