import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';

/** A file of the season cannot be used at all: there is nothing to play. */
export class SeasonFileError extends Error {
  override readonly name = 'SeasonFileError';
}

/** A row of a file that was not played, or not as it was meant, and why. */
export type Refused = {
  readonly file: string;
  /** As an editor counts them, from 1. */
  readonly line: number;
  /** What the row is about, for a person. */
  readonly what: string;
  readonly why: string;
};

export type InFile<T> = T & { readonly line: number };
export type Rows<T> = { readonly rows: readonly InFile<T>[]; readonly refused: readonly Refused[] };

/** How a column of the file becomes a field: its heading, and the schema of its cells. */
type Columns = Readonly<Record<string, readonly [heading: string, cell: z.ZodType]>>;
type RowOf<C extends Columns> = { readonly [Name in keyof C]: z.output<C[Name][1]> };

const recordsSchema = z.array(
  z.object({ record: z.record(z.string(), z.string()), info: z.object({ lines: z.int() }) }),
);

/**
 * Reads a CSV file as spreadsheets and forms write it: with or without a byte order mark, separated by
 * comma or semicolon. A bad row is set aside with its reason, and the others go on. Throws when the
 * file is no CSV or lacks a column.
 */
export function readRows<C extends Columns>(
  path: string,
  columns: C,
  what: (cells: Readonly<Record<string, string>>) => string,
): Rows<RowOf<C>> {
  const file = basename(path);
  const text = readFileSync(path, 'utf8');
  const delimiter = text.slice(0, text.indexOf('\n')).includes(';') ? ';' : ',';
  const records = parseCsv(file, text, delimiter);
  const rows: InFile<RowOf<C>>[] = [];
  const refused: Refused[] = [];
  for (const { record, info } of records) {
    // A record ends where the parser stands; none of ours has a line break in a cell.
    const line = info.lines;
    const cells = Object.entries(columns).map(([name, [heading, schema]]) => {
      const cell = record[heading];
      if (cell === undefined) throw new SeasonFileError(`${file}: no column "${heading}"`);
      return { name, heading, parsed: schema.safeParse(cell), cell };
    });
    const faults = cells.flatMap(({ heading, cell, parsed }) =>
      parsed.success ? [] : [`${heading}: ${parsed.error.issues[0]?.message}, not "${cell}"`],
    );
    if (faults.length > 0) refused.push({ file, line, what: what(record), why: faults.join('; ') });
    else {
      const fields = cells.map(({ name, parsed }) => [name, parsed.data]);
      rows.push({ ...(Object.fromEntries(fields) as RowOf<C>), line });
    }
  }
  return { rows, refused };
}

function parseCsv(file: string, text: string, delimiter: string) {
  try {
    const options = { bom: true, columns: true, delimiter, info: true, trim: true };
    return recordsSchema.parse(parse(text, { ...options, skip_empty_lines: true }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SeasonFileError(`${file}: ${why}`, { cause });
  }
}

/** An article as it is written: `# Title`, a line that sums it up, and the text. */
export type ArticleFile = {
  readonly slug: string;
  readonly title: string;
  readonly summary: string;
  readonly body: string;
};

/** All `*.md` of the folder, by name; the name is the slug. */
export function readArticles(folder: string): ArticleFile[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.md'));
  return files.sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const [, title, summary, body] = /^# (.+)\n\n(.+)\n\n([\s\S]+)$/.exec(text) ?? [];
    if (title === undefined || summary === undefined || body === undefined) {
      throw new SeasonFileError(
        `${name}: expected "# Title", an empty line, one line that sums it up, an empty line, the text`,
      );
    }
    return { slug: basename(name, '.md'), title, summary, body: body.trim() };
  });
}
