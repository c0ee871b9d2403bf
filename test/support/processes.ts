import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hasCode } from '../../embedded/durable-file.ts';

export type Process = { readonly pid: number; readonly command: string };

/**
 * Every process that has to do with a folder: it stands in its arguments, its environment or it is
 * its working directory. Those of a platform all do, whoever their parent is by now.
 */
export function processesOf(folder: string): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const of = `/proc/${name}`;
      const command = read(`${of}/cmdline`);
      // A zombie has no arguments any more: it is dead, and waits for its parent to notice.
      const belongs = [command, read(`${of}/environ`), cwd(of)].some((t) => t.includes(folder));
      return belongs && command !== ''
        ? [{ pid: Number(name), command: command.replaceAll('\0', ' ').trim() }]
        : [];
    });
}

const read = (path: string): string => unlessGone(() => readFileSync(path, 'utf8'));
const cwd = (of: string): string => unlessGone(() => readlinkSync(`${of}/cwd`));

/** Processes end while they are looked at, and some are not ours to look at. */
function unlessGone(look: () => string): string {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].some((code) => hasCode(error, code))) return '';
    throw error;
  }
}
