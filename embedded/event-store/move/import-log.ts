import { stat } from 'node:fs/promises';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { isWrittenByTarget } from './copied-metadata.ts';
import { MoveRefusedError } from './errors.ts';
import type { MovedEvent } from './format.ts';
import { createPatience, mayPass, PATIENCE_MS, type Patience } from './patience.ts';
import { createPlacement, type Placement } from './placement.ts';
import { openRemote, type Remote } from './remote.ts';
import { type Scanned, scanFile } from './scan.ts';
import { baseOf, isTaken } from './taken.ts';
import { isTombstone, type PlacedEvent, windows } from './windows.ts';

export type Imported = {
  /** Of the file; all of them are in the target now. */
  readonly events: number;
  /** How many of them an earlier import had finished, as far as its checkpoint says. */
  readonly before: number;
};

export type ImportOptions = {
  /** esdb://… */
  readonly url: string;
  readonly file: string;
  readonly onProgress?: (progress: {
    readonly step: 'checking the file' | 'importing';
    readonly events: number;
    readonly bytes: number;
    readonly of: number;
  }) => void;
  readonly signal?: AbortSignal;
  /** How long the target may be away at a time. */
  readonly patienceMs?: number;
};

const CHECKPOINT_MS = 1_000;
/**
 * The events of a window have one and the same deadline. Our node drops what it could not write in
 * time, so all of them are dropped or none: not one, with others behind it written. The second try
 * leaves room for clocks that differ.
 */
const DEADLINES_MS = [1_800, 10_000] as const;

/** Everything that one import works with. */
type Work = {
  readonly file: string;
  readonly target: Remote;
  readonly placement: Placement;
  readonly patience: Patience;
  /** Streams that were ended before: their tombstone has to come. */
  readonly ended: Set<string>;
  readonly signal: AbortSignal | undefined;
};

const nameOf = ({ event, line }: PlacedEvent): string =>
  `line ${line}: event ${event.revision} of ${event.stream}`;

const placeRepeated = async (work: Work, placed: PlacedEvent): Promise<void> => {
  const { stream, revision } = placed.event;
  // A real server may have forgotten where; a stream that hides the event can say nothing either.
  const found = await work.target.eventAt(stream, revision);
  if (found !== undefined) work.placement.placed(placed, found.position);
};

/** What the answer to an append means; false: it has to be sent again. */
const settle = async (
  work: Work,
  placed: PlacedEvent,
  answer: Awaited<ReturnType<Remote['appendAll']>>[number] | undefined,
): Promise<string | undefined> => {
  const { event } = placed;
  switch (answer?.kind) {
    case 'there':
      if (answer.revision !== event.revision) {
        throw new MoveRefusedError(
          `${nameOf(placed)} became revision ${answer.revision}: the target has other events in that stream`,
        );
      }
      if (answer.position === undefined) await placeRepeated(work, placed);
      else work.placement.placed(placed, answer.position);
      return undefined;
    case 'wrong-version':
      if (await isWrittenByTarget(work.target, event, work.placement.run?.position)) {
        return undefined;
      }
      throw new MoveRefusedError(
        `${nameOf(placed)} does not fit: the target has other events in that stream, or misses some before it`,
      );
    case 'deleted':
      work.ended.add(baseOf(event.stream));
      return undefined;
    case 'refused':
      throw new MoveRefusedError(`${nameOf(placed)} was refused: ${answer.message}`);
    default:
      return answer?.message ?? 'no answer';
  }
};

const sendWindow = async (work: Work, window: readonly PlacedEvent[]): Promise<void> => {
  let left = window;
  for (let attempt = 0; left.length > 0; attempt += 1) {
    work.signal?.throwIfAborted();
    const deadline = Date.now() + (DEADLINES_MS[attempt] ?? DEADLINES_MS[1]);
    const answers = await work.target.appendAll(
      left.map(({ event }) => event),
      deadline,
    );
    let done = 0;
    let again: string | undefined;
    for (const [index, placed] of left.entries()) {
      again = await settle(work, placed, answers[index]);
      if (again !== undefined) break;
      done += 1;
      work.patience.moved();
    }
    // What was written behind it is answered as the repeat it is, and held against the order.
    left = left.slice(done);
    if (again !== undefined) await work.patience.wait(again);
  }
};

const patiently = async <T>(
  { patience, signal }: Pick<Work, 'patience' | 'signal'>,
  attempt: () => Promise<T>,
): Promise<T> => {
  for (;;) {
    signal?.throwIfAborted();
    try {
      const result = await attempt();
      patience.moved();
      return result;
    } catch (error) {
      if (!mayPass(error)) throw error;
      await patience.wait(error instanceof Error ? error.message : String(error), error);
    }
  }
};

const send = async (work: Work, window: readonly PlacedEvent[]): Promise<void> => {
  const [first] = window;
  if (first !== undefined && isTombstone(first.event)) {
    const { stream } = first.event;
    await patiently(work, () => work.target.tombstone(stream));
    work.ended.delete(stream);
    return;
  }
  // `settle` reads, which may fail as well; a window that is sent again is a repeat.
  await patiently(work, () => sendWindow(work, window));
};

const sameEvent = (one: MovedEvent | undefined, other: MovedEvent | undefined): boolean =>
  one !== undefined &&
  one.id === other?.id &&
  one.stream === other.stream &&
  one.revision === other.revision;

/** The checkpoint, where the target still has what it says. */
const believed = async (
  target: Remote,
  checkpoint: Checkpoint | undefined,
  { header }: Scanned,
): Promise<Checkpoint | undefined> => {
  if (checkpoint === undefined || checkpoint.log !== header.log) return undefined;
  const position = { commit: BigInt(checkpoint.commit), prepare: BigInt(checkpoint.prepare) };
  for await (const { id, stream, revision } of target.readAll(position, 1)) {
    const { id: wanted, stream: of, revision: at } = checkpoint;
    return id === wanted && stream === of && String(revision) === at ? checkpoint : undefined;
  }
  return undefined;
};

/** A log goes into an empty target, or into one that an import of the same log began. */
const refuseOthers = async (target: Remote, first: MovedEvent): Promise<void> => {
  for await (const event of target.readAll('start')) {
    if (!isTaken(event.stream)) continue;
    if (sameEvent(event, first)) return;
    throw new MoveRefusedError(
      `the target is not empty: it begins with event ${event.revision} of ${event.stream}, the file with event ${first.revision} of ${first.stream}`,
    );
  }
};

const firstOf = async (file: string): Promise<MovedEvent | undefined> => {
  for await (const [placed] of windows(file, { line: 1, offset: 0 })) return placed?.event;
  return undefined;
};

/** Where to begin: at the checkpoint's line, which is sent once more, or at the first. */
const startOf = async (work: Work, scanned: Scanned) => {
  const saved = await readCheckpoint(work.file);
  const checkpoint = await patiently(work, () => believed(work.target, saved, scanned));
  if (checkpoint !== undefined) return checkpoint;
  const first = await firstOf(work.file);
  if (first !== undefined) await patiently(work, () => refuseOthers(work.target, first));
  return { line: 1, offset: 0 };
};

const checkpointOf = (
  log: string,
  { event, line, offset, position }: NonNullable<Placement['run']>,
) => ({
  ...{ log, line, offset, stream: event.stream, revision: String(event.revision), id: event.id },
  commit: String(position.commit),
  prepare: String(position.prepare),
});

/** The whole file is looked at before anything is sent. */
const checkedFile = async ({ file, signal, onProgress }: ImportOptions, of: number) => {
  let events = 0;
  const scanned = await scanFile(
    file,
    (_event, bytes) => {
      events += 1;
      onProgress?.({ step: 'checking the file', events, bytes, of });
    },
    signal,
  );
  if (scanned.seal !== undefined) return scanned;
  throw new MoveRefusedError(
    `${file} has no end line: it was cut off after ${scanned.events} events. Go on with the export (--resume) first`,
  );
};

/**
 * Appends every event of a file to a server, in order, each with its id at its revision: a repeat
 * changes nothing, so an import that was killed is started again. Data and metadata arrive byte for
 * byte; `created` is the target's own.
 *
 * Throws a `MoveRefusedError` where the file is damaged or the target has something else, a
 * `ServerAwayError` when it stayed away.
 */
export const importLog = async (options: ImportOptions): Promise<Imported> => {
  const { file, url, signal, onProgress } = options;
  const { size } = await stat(file);
  const scanned = await checkedFile(options, size);
  const target = openRemote(url);
  const work: Work = {
    ...{ file, target, signal, placement: createPlacement(), ended: new Set() },
    patience: createPatience('the target', options.patienceMs ?? PATIENCE_MS, signal),
  };
  try {
    const start = await startOf(work, scanned);
    const before = Math.max(0, start.line - 2);
    let savedAt = performance.now();
    const save = async (): Promise<void> => {
      const { run } = work.placement;
      if (run !== undefined) await writeCheckpoint(file, checkpointOf(scanned.header.log, run));
      savedAt = performance.now();
    };
    for await (const window of windows(file, start)) {
      await send(work, window);
      const newest = window.at(-1);
      const events = (newest?.line ?? 1) - 1;
      onProgress?.({ step: 'importing', events, bytes: newest?.offset ?? 0, of: size });
      if (performance.now() - savedAt >= CHECKPOINT_MS) await save();
    }
    const [unended] = work.ended;
    if (unended !== undefined) {
      throw new MoveRefusedError(
        `stream ${unended} was ended in the target, but not in the source`,
      );
    }
    await save();
    return { events: scanned.events, before };
  } finally {
    await target.close();
  }
};
