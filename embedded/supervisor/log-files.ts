import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export type LogFiles = {
  write(part: string, line: string): void;
  close(): void;
};

type LogFileOptions = {
  maxBytes?: number;
  /** Called at the first line in a row that could not be written: a full disk stops no part. */
  onTrouble?: (error: unknown) => void;
};

/**
 * One log file per part. At `maxBytes` it is put aside as `<part>.log.1`, in place of the one that
 * was put aside before, and a new one begins.
 */
export function openLogFiles(folder: string, options: LogFileOptions = {}): LogFiles {
  const { maxBytes = 20 * 1024 * 1024, onTrouble } = options;
  let inTrouble = false;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = new Map<string, { fd: number; bytes: number }>();

  const open = (part: string) => {
    const path = join(folder, `${part}.log`);
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= maxBytes) renameSync(path, `${path}.1`);
    const file = { fd: openSync(path, 'a', 0o600), bytes: size >= maxBytes ? 0 : size };
    files.set(part, file);
    return file;
  };

  const append = (part: string, line: string) => {
    let file = files.get(part) ?? open(part);
    if (file.bytes >= maxBytes) {
      closeSync(file.fd);
      file = open(part);
    }
    // At once, so that the file has the last words before a kill -9.
    file.bytes += writeSync(file.fd, `${line}\n`);
  };

  return {
    write(part, line) {
      try {
        append(part, line);
        inTrouble = false;
      } catch (error) {
        if (!inTrouble) onTrouble?.(error);
        inTrouble = true;
      }
    },
    close() {
      for (const { fd } of files.values()) closeSync(fd);
      files.clear();
    },
  };
}

/** What pino writes (a number and `msg`), and what the event store node writes. */
const jsonLine = z.looseObject({
  level: z.union([z.number(), z.string()]),
  msg: z.string().optional(),
  message: z.string().optional(),
  reason: z.string().optional(),
  err: z.looseObject({ message: z.string() }).optional(),
});
const pinoWarn = 40;
const importantLevels: readonly unknown[] = ['warn', 'error', 'fatal'];

/**
 * What of a part's output a person at the terminal should see: warnings and worse. undefined: no
 * more than the log file needs it.
 */
export function importantText(line: string): string | undefined {
  if (line.startsWith('{')) return importantOfJson(line);
  return /\b(WARNING|ERROR|FATAL|PANIC|\w*Error|warn|error)\b/.test(line) ? line : undefined;
}

function importantOfJson(line: string): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    // Cut or not JSON after all: a person may make more of it.
    return line;
  }
  const parsed = jsonLine.safeParse(json);
  if (!parsed.success) return undefined;
  const { level, msg, message, reason, err } = parsed.data;
  const important = typeof level === 'number' ? level >= pinoWarn : importantLevels.includes(level);
  if (!important) return undefined;
  const why = err?.message ?? reason;
  const what = msg ?? message ?? line;
  return why === undefined || what.includes(why) ? what : `${what}: ${why}`;
}
