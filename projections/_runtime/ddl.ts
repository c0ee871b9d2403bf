import { createHash } from 'node:crypto';
import type { ProjectionDefinition } from './definition.ts';
import type { AnyTable, Column } from './table.ts';

/** Each version of a projection owns its tables; the view of the plain name is what queries use. */
export const physicalName = (table: AnyTable, version: number): string =>
  `${table.name}_v${version}`;

/** The same, with the schema it is in. */
export const qualifiedName = (table: AnyTable, version: number): string =>
  `${table.schema ?? 'read'}.${physicalName(table, version)}`;

/** A text as a statement spells it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const columnSql = ([name, { type, nullable }]: [string, Column]): string =>
  `${name} ${type}${nullable === true ? '' : ' not null'}`;

function indexSql(table: AnyTable, version: number, columns: readonly string[]): string {
  const [first] = columns;
  const optional = first !== undefined && table.columns[first]?.nullable === true;
  // Named by a hash: two long column lists must not be cut to the same 63 characters.
  const suffix = createHash('sha256').update(columns.join()).digest('hex').slice(0, 8);
  return (
    `create index if not exists ${physicalName(table, version)}_${suffix}` +
    ` on ${qualifiedName(table, version)} (${columns.join(', ')})` +
    (optional ? ` where ${first} is not null` : '')
  );
}

/**
 * Statements that make a table with its comments; they do nothing to one that is there. Its indexes
 * are made once it has taken in the history (`indexesSql`): to keep them up to date row by row costs
 * several times as much as to make them of all rows, and who folds looks rows up by key.
 */
export function tableSql(table: AnyTable, version: number): string[] {
  const name = qualifiedName(table, version);
  const columns = Object.entries(table.columns).map(columnSql);
  return [
    `create table if not exists ${name} (${columns.join(', ')}, primary key (${table.key.join(', ')}))`,
    `comment on table ${name} is ${literal(table.comment)}`,
    ...commentsSql(table, name),
  ];
}

/** Statements that make the indexes of a table that queries read, where they are not there yet. */
export const indexesSql = (table: AnyTable, version: number): string[] =>
  table.indexes.map((index) => indexSql(table, version, index));

function commentsSql(table: AnyTable, name: string): string[] {
  return Object.entries(table.columns).map(
    ([column, { comment }]) => `comment on column ${name}.${column} is ${literal(comment)}`,
  );
}

/** Points the stable name at a version. To be run in a transaction. */
export function viewSql(table: AnyTable, version: number): string[] {
  const name = `read.${table.name}`;
  // `create or replace` cannot take columns away, so the view is made anew.
  return [
    `drop view if exists ${name}`,
    `create view ${name} as select ${Object.keys(table.columns).join(', ')} from read.${physicalName(table, version)}`,
    `comment on view ${name} is ${literal(table.comment)}`,
    ...commentsSql(table, name),
  ];
}

/** Tells apart two shapes of the same version: tables that were changed without a new version. */
export function fingerprint({ tables }: ProjectionDefinition): string {
  const shape = tables.map(({ name, columns, key }) => [
    name,
    key,
    Object.entries(columns).map(([column, { type, nullable }]) => [
      column,
      type,
      nullable === true,
    ]),
  ]);
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex');
}

/** A column to be compared. By its text: to jsonb 1 and 1.0 are equal, and a dump would differ. */
export const spelledSql = (table: AnyTable, side: string, column: string): string =>
  `${side}.${column}${table.columns[column]?.type === 'jsonb' ? '::text' : ''}`;

/** Joins two sides, `l` and `r`, by key. */
export const sameKey = (table: AnyTable): string =>
  table.key.map((column) => `l.${column} = r.${column}`).join(' and ');
