import { rmSync } from 'node:fs';

/**
 * Removes a folder with all that is in it; none there is fine.
 *
 * Again for a while where it fills up meanwhile: a process that was told to end may still write (Node
 * writes its cache of compiled code at exit), and `rm` fails with ENOTEMPTY then. As a last step of a
 * run that was green, it made the run red.
 */
export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
