import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../../embedded/durable-file.ts';
import { removeFolder } from '../../support/remove-folder.ts';

/** A small disk that can be filled to its last byte, and has room again. */
export type Room = {
  readonly folder: string;
  fill(): void;
  clear(): void;
  close(): void;
};

/** This user may not mount a file system. */
export class CannotMount extends Error {
  override name = 'CannotMount';
}

const BALLAST = 'ballast';
const CHUNKS = [1024 * 1024, 4096] as const;

/** Mounts a small disk in memory over a folder; what the folder had is in it. */
export const mountRoom = (folder: string, megabytes: number): Room => {
  const { uid, gid } = statSync(folder);
  const kept = mkdtempSync(join(tmpdir(), 'pawprint-room-'));
  run('cp', ['-a', `${folder}/.`, kept]);
  const size = `size=${megabytes}m,mode=0700,uid=${uid},gid=${gid}`;
  run('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', folder]);
  run('cp', ['-a', `${kept}/.`, folder]);
  removeFolder(kept);
  const ballast = join(folder, BALLAST);
  return {
    folder,
    fill() {
      const file = openSync(ballast, 'w');
      for (const size of CHUNKS) writeUntilFull(file, Buffer.alloc(size));
      closeSync(file);
    },
    clear: () => rmSync(ballast, { force: true }),
    close: () => run('umount', ['--lazy', folder]),
  };
};

/** Why there is no small disk here; undefined when there can be one. */
export const whyNoRoom = (): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'pawprint-room-'));
  try {
    mountRoom(folder, 1).close();
    return undefined;
  } catch (error) {
    if (error instanceof CannotMount) return `no small disk can be mounted: ${error.message}`;
    throw error;
  } finally {
    removeFolder(folder);
  }
};

const writeUntilFull = (file: number, chunk: Buffer): void => {
  try {
    while (writeSync(file, chunk) > 0);
  } catch (error) {
    if (!hasCode(error, 'ENOSPC')) throw error;
  }
};

const run = (command: string, args: readonly string[]): void => {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) throw new CannotMount(error?.message ?? stderr.trim());
};
