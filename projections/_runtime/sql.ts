import { qualifiedName } from './ddl.ts';
import type { ProjectionDefinition } from './definition.ts';
import type { AnyTable } from './table.ts';

/** A prepared statement: the same name is the same text. */
export type Statement = {
  readonly name: string;
  readonly text: string;
  readonly values: (string | null)[];
};

type Of = { readonly definition: ProjectionDefinition };

/** A table of one of the projections. Two versions of a projection may have it in common. */
export type Slot = { readonly share: number; readonly table: AnyTable; readonly name: string };

type Prepared = { readonly name: string; readonly text: string };

const slotsOf = (of: readonly Of[]): Slot[] =>
  of.flatMap(({ definition: { tables, version } }, share) =>
    tables.map((table) => ({ share, table, name: qualifiedName(table, version) })),
  );

/** What a batch of few events has to do with, as a rule. */
const FEW_TABLES = 8;
/** Each is kept by us, and planned by Postgres once a session. */
const MOST_STATEMENTS = 100;

/**
 * Statements of projections that are applied together. Of many tables they name all there are,
 * whichever the batch has to do with, so that there is one to prepare and not one for each choice of
 * tables: to a parameter that is null a table costs little. Few tables have a statement of their own:
 * a batch of one event would pay for all of them.
 */
function preparedBy(
  kind: string,
  textOf: (slot: Slot, index: number) => string[],
  join: (parts: readonly string[]) => string,
): (all: readonly Slot[], used: readonly Slot[]) => Prepared & { readonly slots: readonly Slot[] } {
  const known = new Map<string, Prepared>();
  const prepare = (slots: readonly Slot[]): Prepared => {
    const tables = slots.map(({ name }) => name).join();
    const prepared = known.get(tables) ?? {
      name: `${kind} ${known.size + 1}`,
      text: join(slots.flatMap(textOf)),
    };
    known.set(tables, prepared);
    return prepared;
  };
  return (all, used) => {
    const slots = used.length <= FEW_TABLES && known.size < MOST_STATEMENTS ? used : all;
    return { ...prepare(slots), slots };
  };
}

const sameKey = (table: AnyTable, a: string, b: string): string =>
  table.key.map((column) => `${a}.${column} = ${b}.${column}`).join(' and ');

const loading = preparedBy(
  'load',
  ({ name, table }, index) => [
    `select ${index} as at, to_jsonb(t) as row
       from json_populate_recordset(null::${name}, $${index + 1}::json) k
       join ${name} t on ${sameKey(table, 't', 'k')}`,
  ],
  (parts) => parts.join(' union all '),
);

function upsertSql(name: string, { columns, key }: AnyTable, parameter: number): string {
  const all = Object.keys(columns);
  const rest = all.filter((column) => !key.includes(column));
  const update =
    rest.length === 0
      ? 'nothing'
      : `update set ${rest.map((column) => `${column} = excluded.${column}`).join(', ')}`;
  return `insert into ${name} (${all.join(', ')})
    select ${all.join(', ')} from json_populate_recordset(null::${name}, $${parameter}::json)
    on conflict (${key.join(', ')}) do ${update}`;
}

/** Two parameters a table: what to write, and what to delete. No row is in both. */
const writing = preparedBy(
  'write',
  ({ name, table }, index) => [
    `w${index} as (${upsertSql(name, table, 2 * index + 1)})`,
    `d${index} as (delete from ${name} t using json_populate_recordset(null::${name}, $${2 * index + 2}::json) k
      where ${sameKey(table, 't', 'k')})`,
  ],
  (parts) => `with ${parts.join(', ')} select`,
);

/** Gives rows as `{ at, row }`: `at` says which of the slots. */
export function loadStatement(
  of: readonly Of[],
  keysOf: (slot: Slot) => string | null,
): { readonly statement: Statement; readonly slots: readonly Slot[] } {
  const all = slotsOf(of);
  const keys = new Map(all.map((slot) => [slot, keysOf(slot)]));
  const used = all.filter((slot) => keys.get(slot) !== null);
  const { name, text, slots } = loading(all, used);
  const values = slots.map((slot) => keys.get(slot) ?? null);
  return { statement: { name, text, values }, slots };
}

export type JsonWrites = { readonly upserts: string | null; readonly deletes: string | null };

export function writeStatement(
  of: readonly Of[],
  writesOf: (slot: Slot) => JsonWrites | null,
): Statement {
  const all = slotsOf(of);
  const writes = new Map(all.map((slot) => [slot, writesOf(slot)]));
  const used = all.filter((slot) => writes.get(slot) !== null);
  const { name, text, slots } = writing(all, used);
  const values = slots.flatMap((slot) => {
    const one = writes.get(slot);
    return [one?.upserts ?? null, one?.deletes ?? null];
  });
  return { name, text, values };
}
