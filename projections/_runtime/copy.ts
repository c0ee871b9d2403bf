import { COPY_END, copyData } from '../../platform/postgres/copy.ts';
import { qualifiedName } from './ddl.ts';
import type { AnyRow, AnyTable, ColumnType } from './table.ts';

/** Rows of one table as a COPY in text format, which Postgres takes for a third of what an upsert costs it. */
export type Copy = {
  readonly text: string;
  readonly messages: readonly Buffer[];
  readonly rows: number;
};

/** A message has at least so many characters: rows can be large, and a string ends at 2^29. */
const MESSAGE_CHARACTERS = 256 * 1024;

const SPECIAL = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** What ends a value or a row, and the backslash, as COPY wants them ("File Formats" in its manual). */
const escaped = (text: string): string =>
  SPECIAL.test(text) ? text.replaceAll(/[\\\n\r\t]/g, (one) => escapes[one] ?? one) : text;

const quoted = (item: unknown): string => `"${String(item).replaceAll(/["\\]/g, '\\$&')}"`;

/** Values that went through `normaliseRow`: each as Postgres reads it, null apart. */
const spelledAs: Readonly<Record<ColumnType, (value: unknown) => string>> = {
  text: (value) => escaped(value as string),
  timestamptz: (value) => value as string,
  integer: String,
  bigint: String,
  boolean: String,
  jsonb: (value) => escaped(JSON.stringify(value)),
  'text[]': (value) => escaped(`{${(value as unknown[]).map(quoted).join()}}`),
};

export function copyOf(table: AnyTable, version: number, rows: readonly AnyRow[]): Copy {
  const columns = Object.entries(table.columns).map(([name, { type }]) => ({
    name,
    spell: spelledAs[type],
  }));
  const messages: Buffer[] = [];
  let lines = '';
  for (const row of rows) {
    let separator = '';
    for (const { name, spell } of columns) {
      const value = row[name];
      lines += separator + (value === null ? '\\N' : spell(value));
      separator = '\t';
    }
    lines += '\n';
    if (lines.length >= MESSAGE_CHARACTERS) {
      messages.push(copyData(lines));
      lines = '';
    }
  }
  if (lines !== '') messages.push(copyData(lines));
  messages.push(COPY_END);
  const names = columns.map(({ name }) => name).join(', ');
  return {
    text: `copy ${qualifiedName(table, version)} (${names}) from stdin`,
    messages,
    rows: rows.length,
  };
}
