import { cp, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeFolder } from '../../../test/support/remove-folder.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** The settings a tree needs to be checked at all. */
const house = ['biome.json', 'tsconfig.json', 'package.json', '.gitignore', 'tools/biome'];

/** A tree of its own with the house's settings and these files; gone after `await using`. */
export async function plantTree(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'pawprint-tree-'));
  for (const name of house) await cp(join(repository, name), join(root, name), { recursive: true });
  await symlink(join(repository, 'node_modules'), join(root, 'node_modules'));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return {
    root,
    color: false,
    [Symbol.asyncDispose]: async () => removeFolder(root),
  };
}
