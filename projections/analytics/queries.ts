import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'queries');

export type SampleQuery = {
  /** Name of its file, without the ending. */
  readonly name: string;
  /** What it answers: the first line. */
  readonly question: string;
  readonly sql: string;
};

/** A sample query does not begin with the question it answers. */
export class SampleQueryError extends Error {
  override readonly name = 'SampleQueryError';
}

/** The committed queries, by name. */
export async function readSampleQueries(): Promise<SampleQuery[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(join(folder, file), 'utf8');
      const question = /^-- (.+\?)\n/.exec(sql)?.[1];
      if (question === undefined) {
        throw new SampleQueryError(`${file}: expected "-- <a question>?" as its first line`);
      }
      return { name: file.slice(0, -'.sql'.length), question, sql };
    }),
  );
}
