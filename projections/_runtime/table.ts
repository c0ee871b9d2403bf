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

export type Table<
  C extends Readonly<Record<string, Column>> = Readonly<Record<string, Column>>,
  K extends keyof C & string = keyof C & string,
> = {
  /** The stable name queries use (a view in schema `read`); each version owns its own table. */
  readonly name: string;
  readonly comment: string;
  readonly columns: C;
  readonly key: readonly K[];
  readonly indexes: readonly (readonly (keyof C & string)[])[];
};

export type RowOf<T> = T extends Table<infer C, infer _K> ? Row<C> : never;

export function defineTable<
  const C extends Readonly<Record<string, Column>>,
  const K extends keyof C & string,
>(definition: {
  name: string;
  comment: string;
  columns: C;
  key: readonly K[];
  indexes?: readonly (readonly (keyof C & string)[])[];
}): Table<C, K> {
  return { indexes: [], ...definition };
}
