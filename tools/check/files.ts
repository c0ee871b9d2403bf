import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './step.ts';

/**
 * The files of the tree as a clone of the next commit would have them: tracked ones plus new ones
 * that are not ignored, sorted by code unit. Paths are relative to `root`, with `/`.
 */
export async function projectFiles(root: string): Promise<string[]> {
  const files = existsSync(join(root, '.git')) ? await gitFiles(root) : await walk(root);
  return files.sort();
}

/** The TypeScript files among them. */
export function typescriptFiles(files: readonly string[]): string[] {
  return files.filter((file) => /\.ts$/.test(file) && !file.endsWith('.d.ts'));
}

export function isSpec(file: string): boolean {
  return file.endsWith('.spec.ts');
}

export async function readText(root: string, file: string): Promise<string> {
  return readFile(join(root, file), 'utf8');
}

async function gitFiles(root: string): Promise<string[]> {
  const { code, output, stdout } = await runTool(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: root },
  );
  if (code !== 0) throw new Error(`git ls-files failed:\n${output}`);
  // A file that was deleted but not yet staged is still listed.
  return stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
}

/** An unpacked archive has no `.git`: then everything outside of the generated folders counts. */
async function walk(root: string): Promise<string[]> {
  const generated = new Set(['node_modules', '.data', 'coverage', '.git']);
  const files: string[] = [];
  const entries = glob('**/*', {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => generated.has(entry.name),
  });
  for await (const entry of entries) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name).slice(root.length + 1));
  }
  return files;
}
