import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** One log file per part; at this size it is put aside as `<part>.log.1` and a new one begins. */
const maxBytes = 20 * 1024 * 1024;

export type LogFiles = {
  write(part: string, line: string): void;
  close(): Promise<void>;
};

export function openLogFiles(folder: string): LogFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = new Map<string, { stream: WriteStream; bytes: number }>();

  const open = (part: string) => {
    const path = join(folder, `${part}.log`);
    const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes >= maxBytes) renameSync(path, `${path}.1`);
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
    // A full disk must not take the parts down with it; the terminal still gets what matters.
    stream.on('error', () => stream.destroy());
    const file = { stream, bytes: bytes >= maxBytes ? 0 : bytes };
    files.set(part, file);
    return file;
  };

  return {
    write(part, line) {
      let file = files.get(part) ?? open(part);
      if (file.bytes >= maxBytes) {
        file.stream.end();
        file = open(part);
      }
      file.bytes += Buffer.byteLength(line) + 1;
      file.stream.write(`${line}\n`);
    },
    async close() {
      const streams = [...files.values()].map(({ stream }) => stream);
      await Promise.all(streams.map((stream) => new Promise<void>((done) => stream.end(done))));
    },
  };
}

const pinoLine = z.looseObject({ level: z.number(), msg: z.string().optional() });
const pinoWarn = 40;

/**
 * What of a part's output a person at the terminal should see: warnings and worse. undefined: no
 * more than the log file needs it.
 */
export function importantText(line: string): string | undefined {
  if (line.startsWith('{')) return importantOfPino(line);
  return /\b(WARNING|ERROR|FATAL|PANIC|Error|warn)\b/.test(line) ? line : undefined;
}

function importantOfPino(line: string): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    // Cut or not JSON after all: a person may make more of it.
    return line;
  }
  const parsed = pinoLine.safeParse(json);
  if (!parsed.success || parsed.data.level < pinoWarn) return undefined;
  return parsed.data.msg ?? line;
}
