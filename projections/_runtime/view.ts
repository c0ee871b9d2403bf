import type { AnyTable } from './table.ts';

/** What a column of a view can be, and as which the database's catalogue names it. */
export const viewTypes = {
  text: 'text',
  'text[]': 'text[]',
  integer: 'integer',
  bigint: 'bigint',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
} as const;
export type ViewColumnType = keyof typeof viewTypes;

export type ViewColumn = {
  readonly type: ViewColumnType;
  readonly nullable?: boolean;
  /** Becomes `COMMENT ON COLUMN`. */
  readonly comment: string;
  /** What it is made of: an expression over what the view is selected from. */
  readonly sql: string;
};

/** Gives the name under which a statement finds a read model's table, in the version it was written for. */
export type TableName = (table: AnyTable) => string;

/** A view that people query in SQL. Its columns and their order are a promise to them. */
export type ViewDefinition = {
  readonly name: string;
  readonly comment: string;
  readonly columns: Readonly<Record<string, ViewColumn>>;
  /** Columns that tell its rows apart. */
  readonly key: readonly string[];
  /** The text after `from`. Every table it asks for is one it depends on. */
  readonly from: (table: TableName) => string;
};

const IDENTIFIER = /^[a-z][a-z0-9_]{0,62}$/;

export function defineView<const C extends Readonly<Record<string, ViewColumn>>>(definition: {
  name: string;
  comment: string;
  columns: C;
  key: readonly (keyof C & string)[];
  from: (table: TableName) => string;
}): ViewDefinition {
  for (const name of [definition.name, ...Object.keys(definition.columns)]) {
    // Names stand in statements as they are: one spelling that needs no quotes.
    if (!IDENTIFIER.test(name)) {
      throw new TypeError(`"${name}" is no name for a view or column: a-z, 0-9 and _, at most 63`);
    }
  }
  return definition;
}
