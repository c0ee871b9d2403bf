import type { Hash } from 'node:crypto';
import { access, type FileHandle, open } from 'node:fs/promises';
import { isMissing, replaceDurably } from '../../durable-file.ts';
import { TOMBSTONE } from '../core/model.ts';
import { MoveRefusedError } from './errors.ts';
import { endLine, eventLine, headerLine, type MovedEvent, type Position } from './format.ts';
import { createPatience, mayPass, PATIENCE_MS } from './patience.ts';
import { openRemote, type Remote } from './remote.ts';
import { type Scanned, scanFile } from './scan.ts';
import { createStreamRevisions, type StreamRevisions } from './stream-revisions.ts';
import { isTaken } from './taken.ts';

export type Exported = {
  readonly events: number;
  /** How many of them stood in the file already. */
  readonly before: number;
  readonly bytes: number;
  /** Of the last event, null for none. */
  readonly position: Position | null;
  readonly sha256: string;
};

export type ExportOptions = {
  /** esdb://… */
  readonly url: string;
  readonly file: string;
  /** Goes on at the last whole line of a file that is there; a file that is whole gets what is new. */
  readonly resume: boolean;
  readonly onProgress?: (progress: {
    readonly events: number;
    readonly bytes: number;
    /** From 0 to 1. */
    readonly share: number;
  }) => void;
  /** What is written stays, and can be gone on with. */
  readonly signal?: AbortSignal;
  /** How long the source may be away at a time. */
  readonly patienceMs?: number;
};

/** Bytes that are gathered for one write. */
const CHUNK = 1024 * 1024;

/** Every stream from its first event on, without a gap: what cannot be said in the file is refused. */
const followGapless = (revisions: StreamRevisions, event: MovedEvent): void => {
  const { stream, revision, position } = event;
  const before = revisions.swap(stream, revision);
  if (revision === before + 1n || (revision === TOMBSTONE && before !== TOMBSTONE)) return;
  const first = before + 1n;
  throw new MoveRefusedError(
    `stream ${stream} has a gap: revision ${first} is missing before ${revision} (position ${position.commit}). The source was scavenged, or is damaged; a copy could not keep its revisions`,
  );
};

/** The identity of a log: its first event. */
const firstEventOf = async (source: Remote): Promise<MovedEvent> => {
  for await (const event of source.readAll('start', 1)) return event;
  throw new MoveRefusedError('the source is empty: not even the server has written to it');
};

const headOf = async (source: Remote): Promise<bigint> => {
  for await (const event of source.readAll('end', 1)) return event.position.commit;
  return 0n;
};

/** The file as it grows. */
type Target = {
  readonly events: number;
  readonly bytes: number;
  readonly last: MovedEvent | undefined;
  add(event: MovedEvent): Promise<void>;
  flush(): Promise<void>;
  /** Writes the end line; returns the hash in it. */
  seal(): Promise<string>;
};

const createTarget = (handle: FileHandle, from: Omit<Scanned, 'header' | 'seal'>): Target => {
  const hash: Hash = from.hash;
  let { events, last, end: bytes } = from;
  let lines: string[] = [];
  let gathered = 0;
  let written = bytes;
  const write = async (text: string): Promise<void> => {
    const buffer = Buffer.from(text, 'utf8');
    await handle.write(buffer, 0, buffer.length, written);
    written += buffer.length;
  };
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    const text = lines.join('');
    lines = [];
    gathered = 0;
    await write(text);
    bytes = written;
    hash.update(text);
  };
  return {
    get events() {
      return events;
    },
    get bytes() {
      return bytes + gathered;
    },
    get last() {
      return last;
    },
    async add(event) {
      const line = `${eventLine(event)}\n`;
      lines.push(line);
      gathered += line.length;
      events += 1;
      last = event;
      if (gathered >= CHUNK) await flush();
    },
    flush,
    async seal() {
      await flush();
      const sha256 = hash.digest('hex');
      await write(`${endLine({ events, sha256 })}\n`);
      await handle.sync();
      return sha256;
    },
  };
};

const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};

/** By a rename: whatever the moment of a kill, a file that is there has its header. */
const beginFile = async (file: string, log: string): Promise<Scanned> => {
  await replaceDurably(file, `${headerLine({ log })}\n`);
  return scanFile(file, () => undefined);
};

/** Reads on behind what the file has, up to the head. */
const copyRest = async (
  source: Remote,
  target: Target,
  take: (event: MovedEvent) => Promise<void>,
): Promise<void> => {
  const { last } = target;
  let first = last !== undefined;
  for await (const event of source.readAll(last?.position ?? 'start')) {
    if (first) {
      // A position is read with the event that stands there, which is the one we have.
      first = false;
      if (event.id !== last?.id || event.stream !== last.stream) {
        throw new MoveRefusedError(
          `the source has another event at position ${last?.position.commit} than the file: it is another log`,
        );
      }
    } else if (isTaken(event.stream)) await take(event);
  }
  if (first) throw new MoveRefusedError('the source ends before the file does: it is another log');
};

/**
 * Writes the log of a server into a file of lines, up to the head it has meanwhile. A kill leaves a
 * file that `resume` goes on with.
 *
 * Throws a `MoveRefusedError` where the log or the file does not allow it, a `ServerAwayError` when
 * the source stayed away.
 */
export const exportLog = async (options: ExportOptions): Promise<Exported> => {
  const { url, file, signal, onProgress } = options;
  const resuming = await exists(file);
  if (resuming && !options.resume) {
    throw new MoveRefusedError(
      `${file} is there: --resume goes on with it, else name another file`,
    );
  }
  const patience = createPatience('the source', options.patienceMs ?? PATIENCE_MS, signal);
  const source = openRemote(url);
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      signal?.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error)) throw error;
        await patience.wait(error instanceof Error ? error.message : String(error), error);
      }
    }
  };
  try {
    const revisions = createStreamRevisions();
    const scanned = resuming
      ? await scanFile(file, (event) => followGapless(revisions, event), signal)
      : undefined;
    const { id: log } = await patiently(() => firstEventOf(source));
    if (scanned !== undefined && scanned.header.log !== log) {
      throw new MoveRefusedError(
        `${file} is of log ${scanned.header.log}, the source is log ${log}`,
      );
    }
    const begun = scanned ?? (await beginFile(file, log));
    const head = await patiently(() => headOf(source));
    const handle = await open(file, 'r+');
    try {
      await handle.truncate(begun.end);
      const target = createTarget(handle, begun);
      const take = async (event: MovedEvent): Promise<void> => {
        signal?.throwIfAborted();
        followGapless(revisions, event);
        await target.add(event);
        patience.moved();
        const share = head === 0n ? 1 : Math.min(1, Number(event.position.commit) / Number(head));
        onProgress?.({ events: target.events, bytes: target.bytes, share });
      };
      try {
        await patiently(() => copyRest(source, target, take));
      } catch (error) {
        // Everything that was read is worth keeping: the next try goes on from there.
        await target.flush();
        throw error;
      }
      const sha256 = await target.seal();
      const position = target.last?.position ?? null;
      return { events: target.events, before: begun.events, bytes: target.bytes, position, sha256 };
    } finally {
      await handle.close();
    }
  } finally {
    await source.close();
  }
};
