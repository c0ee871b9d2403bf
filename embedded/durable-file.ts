import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file of mode 0600 that survives a power cut once this returns. */
export async function writeDurably(path: string, content: string | Buffer): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The same, and a reader (or a crash) meets either the old file or the new one, whole. */
export async function replaceDurably(path: string, text: string): Promise<void> {
  await writeDurably(`${path}.new`, text);
  await rename(`${path}.new`, path);
  await syncFolder(dirname(path));
}

/** Makes a rename or a new entry in this folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** True for the error of a path that is not there. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

/** True for a system error of this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
