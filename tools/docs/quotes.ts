import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Code that a page quotes: a `ts` block whose first line is a comment with the path of the file it is
 * from. `// …` on a line of its own leaves something out. What is between must stand in the file just
 * so, or the page teaches what is not there any more.
 */
export async function misquotes(
  root: string,
  pages: readonly string[],
  read = (file: string) => readFile(join(root, file), 'utf8'),
): Promise<string[]> {
  const wrong: string[] = [];
  for (const page of pages) {
    for (const { file, parts, line } of quotesOf(await read(page))) {
      const source = await read(file).catch(() => undefined);
      if (source === undefined) {
        wrong.push(`${page}:${line}: quotes ${file}, which is not there`);
        continue;
      }
      const missing = parts.find((part) => !source.includes(part));
      if (missing !== undefined) {
        wrong.push(`${page}:${line}: this does not stand in ${file}:\n${missing.trimEnd()}`);
      }
    }
  }
  return wrong;
}

export type Quote = {
  readonly file: string;
  readonly parts: readonly string[];
  readonly line: number;
};

export function quotesOf(text: string): Quote[] {
  return [...text.matchAll(/^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm)].map((match) => ({
    file: match[1] ?? '',
    parts: (match[2] ?? '').split(/^\s*\/\/ …\n/m).filter((part) => part.trim() !== ''),
    line: text.slice(0, match.index).split('\n').length,
  }));
}
