import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredForm } from './json-schema.ts';

/** One version of an event as it was accepted. */
export type LockedVersion = StoredForm & {
  /** The release of package.json it was accepted for. */
  readonly since: string;
  readonly hash: string;
  /** Hash of the stored sample: it stands for events that exist and is not edited either. */
  readonly sample: string;
};

export type LockedEvent = {
  readonly category: string;
  readonly versions: Readonly<Record<string, LockedVersion>>;
};

/** `domain/_golden/schemas.json`: every version of every event that may stand in a log. */
export type Lock = Readonly<Record<string, LockedEvent>>;

const path = 'domain/_golden/schemas.json';

export async function readLock(root: string): Promise<Lock> {
  const file = join(root, path);
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Lock) : {};
}

export async function writeLock(root: string, lock: Lock): Promise<void> {
  const entries = Object.entries(lock).sort(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(join(root, path), `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}

export type Releases = {
  /** The release that is being worked on. */
  readonly next: string;
  readonly isReleased: (version: string) => boolean;
};

/** A version is released once CHANGELOG.md has a dated heading for it: `## [0.1.0] - 2026-12-01`. */
export async function readReleases(root: string): Promise<Releases> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const changelog = existsSync(join(root, 'CHANGELOG.md'))
    ? await readFile(join(root, 'CHANGELOG.md'), 'utf8')
    : '';
  const dated = changelog.matchAll(/^## \[(\d+\.\d+\.\d+[^\]]*)\] - \d{4}-\d{2}-\d{2}/gm);
  const released = new Set([...dated].map(([, version]) => version));
  return { next: manifest.version, isReleased: (version) => released.has(version) };
}
