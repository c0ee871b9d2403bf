import { copyFile, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectFiles } from '../../tools/check/files.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { editsOf, type PlantedBug } from './bug.ts';
import { plant } from './stale.ts';

export type Scratch = {
  readonly root: string;
  /** The tree with this bug while `work` runs, and without it afterwards. */
  readonly withBug: <T>(bug: PlantedBug, work: () => Promise<T>) => Promise<T>;
  readonly remove: () => void;
};

/**
 * A copy of the tree as it stands, with what is not committed yet: bugs never touch the original. The
 * packages are linked, they are never changed.
 */
export const createScratch = async (original: string): Promise<Scratch> => {
  const root = await mkdtemp(join(tmpdir(), 'pawprint-planted-'));
  for (const file of await projectFiles(original)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await copyFile(join(original, file), join(root, file));
  }
  await symlink(join(original, 'node_modules'), join(root, 'node_modules'));
  return {
    root,
    withBug: async (bug, work) => {
      const before = new Map<string, string>();
      try {
        for (const edit of editsOf(bug)) {
          const path = join(root, edit.file);
          const text = await readFile(path, 'utf8');
          if (!before.has(path)) before.set(path, text);
          await writeFile(path, plant(text, edit));
        }
        return await work();
      } finally {
        for (const [path, text] of before) await writeFile(path, text);
      }
    },
    remove: () => removeFolder(root),
  };
};
