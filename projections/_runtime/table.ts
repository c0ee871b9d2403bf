/**
 * Tables of read models, declared as data: the DDL, the comments analysts read, the row type and
 * the statements of the runtime all come from one declaration.
 */
export type ColumnType =
  | 'text'
  | 'integer'
  | 'bigint'
  | 'boolean'
  | 'timestamptz'
  | 'jsonb'
  | 'text[]';

export type Column = {
  readonly type: ColumnType;
  readonly nullable?: boolean;
  /** Becomes `COMMENT ON COLUMN`. */
  readonly comment: string;
};

type Value<T extends ColumnType> = T extends 'text' | 'timestamptz'
  ? string
  : T extends 'integer' | 'bigint'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'text[]'
        ? readonly string[]
        : unknown;

export type Row<C extends Readonly<Record<string, Column>>> = {
  readonly [K in keyof C]: C[K] extends { readonly nullable: true }
    ? Value<C[K]['type']> | null
    : Value<C[K]['type']>;
};

export type Table<C extends Readonly<Record<string, Column>>, K extends keyof C & string> = {
  /** The stable name queries use (a view in schema `read`); each version owns its own table. */
  readonly name: string;
  readonly comment: string;
  readonly columns: C;
  readonly key: readonly K[];
  /** An index whose first column is nullable leaves the rows without a value out. */
  readonly indexes: readonly (readonly (keyof C & string)[])[];
  /** What is told when rows change, for whoever follows them (changes.ts). */
  readonly tells?: readonly Tells<C>[];
};

type Tells<C> = {
  readonly topic: string;
  readonly of: (keyof C & string) | null;
  readonly at: keyof C & string;
};

/**
 * What a table tells when a row of it changes: `topic:<value of the column of>`, or the topic alone,
 * when the ordinal in the column `at` is new.
 */
export type ChangeTopic = {
  readonly topic: string;
  readonly of: string | null;
  readonly at: string;
};

/** A table of whatever columns, as the runtime handles it. */
export type AnyTable = {
  readonly name: string;
  /** Where it stands while its projection is built again (rebuild.ts); left out: where queries find it. */
  readonly schema?: 'rebuild';
  readonly comment: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly key: readonly string[];
  readonly indexes: readonly (readonly string[])[];
  readonly tells?: readonly ChangeTopic[];
};

export type RowOf<T> = T extends Table<infer C, infer _K> ? Row<C> : never;

/** A row as the runtime handles it: columns of any table. */
export type AnyRow = Readonly<Record<string, unknown>>;
export type RowKey = Readonly<Record<string, string | number>>;

const IDENTIFIER = /^[a-z][a-z0-9_]{0,47}$/;

export function defineTable<
  const C extends Readonly<Record<string, Column>>,
  const K extends keyof C & string,
>(definition: {
  name: string;
  comment: string;
  columns: C;
  key: readonly K[];
  indexes?: readonly (readonly (keyof C & string)[])[];
  tells?: readonly Tells<C>[];
}): Table<C, K> {
  for (const name of [definition.name, ...Object.keys(definition.columns)]) {
    // Names stand in statements as they are: one spelling that needs no quotes (48 characters leave
    // room for the version and an index's suffix).
    if (!IDENTIFIER.test(name)) {
      throw new TypeError(`"${name}" is no name for a table or column: a-z, 0-9 and _, at most 48`);
    }
  }
  return { indexes: [], ...definition };
}
