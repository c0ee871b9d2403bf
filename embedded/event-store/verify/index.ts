import type { RecordedEvent } from '../core/model.ts';
import { checksumOf } from '../log/checksum.ts';
import type { EventRow } from '../log/rows.ts';
import { type Damage, positionDamage, revisionDamages } from './damage.ts';
import { openSnapshot, type Snapshot, type StreamKey } from './snapshot.ts';

export type { Damage } from './damage.ts';
export { NoLogError } from './snapshot.ts';

export type Verdict = {
  readonly events: number;
  readonly streams: number;
  /** Those of `streams` that hold the metadata of another. */
  readonly metastreams: number;
  /** Position of the last event, 0 for an empty log. */
  readonly head: bigint;
  readonly damages: number;
};

export type VerifyOptions = {
  readonly databaseUrl: string;
  /** Called for each thing that is wrong, as it is found. */
  readonly onDamage: (damage: Damage) => void;
  readonly onProgress?: (progress: {
    readonly step: 'checksums and positions' | 'revisions';
    readonly events: number;
    /** How many there are, as far as is known. */
    readonly of: number;
  }) => void;
  /** Stops between two pages; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Rows that are looked at at once. */
  readonly pageSize?: number;
};

const PAGE = 4_096;

const placeAndSum = (row: EventRow): { event: RecordedEvent; checksum: number } => {
  const [position, stream, revision, id, type, json, created, checksum, data, metadata] = row;
  return {
    event: { position, stream, revision, id, type, json, created, data, metadata },
    checksum,
  };
};

const checkPage = (
  rows: readonly EventRow[],
  before: bigint,
  report: (damage: Damage | undefined) => void,
): void => {
  let previous = before;
  for (const { event, checksum } of rows.map(placeAndSum)) {
    report(positionDamage(previous, event));
    const { stream, revision, position } = event;
    if (checksumOf(event) !== checksum) {
      const problem = 'what stands there does not match its checksum';
      report({ kind: 'checksum', stream, revision, position, problem });
    }
    previous = position;
  }
};

type Pass = { readonly snapshot: Snapshot; readonly options: VerifyOptions };

const checkPositions = async (
  { snapshot, options }: Pass,
  report: (damage: Damage | undefined) => void,
): Promise<number> => {
  const limit = options.pageSize ?? PAGE;
  let after: bigint | undefined;
  let events = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const rows = await snapshot.eventsAfter(after, limit);
    checkPage(rows, after ?? 0n, report);
    events += rows.length;
    after = rows.at(-1)?.[0] ?? after;
    const step = 'checksums and positions' as const;
    options.onProgress?.({ step, events, of: Math.max(events, Number(snapshot.head)) });
    if (rows.length < limit) return events;
  }
};

const checkRevisions = async (
  { snapshot, options }: Pass,
  of: number,
  report: (damage: Damage) => void,
): Promise<{ streams: number; metastreams: number }> => {
  const limit = options.pageSize ?? PAGE;
  let key: StreamKey | undefined;
  const total = { streams: 0, metastreams: 0 };
  for (let events = 0; ; ) {
    options.signal?.throwIfAborted();
    const page = await snapshot.revisionsAfter(key, limit);
    for (const { previous, event } of page.misfits) {
      for (const damage of revisionDamages(previous, event)) report(damage);
    }
    events += page.rows;
    total.streams += page.streams;
    total.metastreams += page.metastreams;
    options.onProgress?.({ step: 'revisions', events, of });
    if (page.last === null) return total;
    key = page.last;
  }
};

/**
 * Walks the whole log, as it is at this moment: the checksum of every event, positions without a
 * hole, revisions of every stream without one and in the order of the log, tombstones at the end.
 * The node may run meanwhile. Memory does not grow with the log.
 *
 * An event that was removed from the very end leaves no trace in the log: compare `head` with what
 * was noted elsewhere.
 *
 * Throws `NoLogError` where there is no log, or one of a newer node.
 */
export const verifyLog = async (options: VerifyOptions): Promise<Verdict> => {
  const snapshot = await openSnapshot(options.databaseUrl);
  let damages = 0;
  const report = (damage: Damage | undefined): void => {
    if (damage === undefined) return;
    damages += 1;
    options.onDamage(damage);
  };
  try {
    const events = await checkPositions({ snapshot, options }, report);
    const counted = await checkRevisions({ snapshot, options }, events, report);
    return { events, ...counted, head: snapshot.head, damages };
  } finally {
    await snapshot.close();
  }
};
