import { sql } from 'kysely';
import { z } from 'zod';
import { currencySchema, type Money } from '../../domain/_kernel/money.ts';
import type { Role } from '../../domain/_kernel/roles.ts';
import { instantSchema } from '../../domain/_kernel/time.ts';
import type { ReadDatabase, ReadPrincipal } from './query.ts';
import { normaliseRow } from './rows.ts';
import type { AnyRow, Column, Row, Table } from './table.ts';

type Columns = Readonly<Record<string, Column>>;

/**
 * Selects whole rows of a read model as `t`. They come as JSON, so that numbers and instants are
 * spelled as the table's row type says whatever type parsers the connection has.
 */
export function from(db: ReadDatabase, table: { readonly name: string }) {
  return db.selectFrom(`read.${table.name} as t`).select(sql<AnyRow>`to_jsonb(t)`.as('row'));
}

export async function rowsOf<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  query: { execute(): Promise<{ row: AnyRow }[]> },
): Promise<Row<C>[]> {
  const found = await query.execute();
  return found.map(({ row }) => normaliseRow(table, row) as Row<C>);
}

export async function rowOf<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  query: { execute(): Promise<{ row: AnyRow }[]> },
): Promise<Row<C> | undefined> {
  return (await rowsOf(table, query))[0];
}

/** A sum in minor units: of many amounts, each within its bound, it may lie beyond that. */
export const sumSchema = z.int().meta({ description: 'Sum in minor units of the currency' });

/** An amount that may be negative, as totals and differences are. */
export const signedMoneySchema = z.strictObject({
  amount: sumSchema,
  currency: currencySchema,
});

/** Replies name one spelling of instants. */
export const replyInstant = instantSchema;

/** A row's amount and currency as money; what was stored was checked when it was decided. */
export const moneyOf = (amount: number, currency: string): Money => ({
  amount,
  currency: currency as Money['currency'],
});

export const hasRole = (principal: ReadPrincipal, ...wanted: readonly Role[]): boolean =>
  principal.kind === 'person' && principal.roles.some((role) => wanted.includes(role));

/** Whoever runs activities: sees drafts and other people's enrollments. */
export const isStaff = (principal: ReadPrincipal): boolean => hasRole(principal, 'staff', 'admin');
