import type { PoolClient } from 'pg';
import { resourceMissing } from '../http/errors.ts';
import type { Kind, Kinds } from '../store/kinds.ts';

export type Range = {
  gt?: number | undefined;
  gte?: number | undefined;
  lt?: number | undefined;
  lte?: number | undefined;
};
export type Page = {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
  created?: Range | undefined;
};

/** A condition on the row; `?` stands for its value. */
export type Condition = { readonly sql: string; readonly value: unknown };

export const equals = (member: string, value: string | undefined): Condition[] =>
  value === undefined ? [] : [{ sql: `body->>'${member}' = ?`, value }];

const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

export function range(column: string, bounds: Range | undefined): Condition[] {
  return (['gt', 'gte', 'lt', 'lte'] as const).flatMap((name) => {
    const value = bounds?.[name];
    return value === undefined ? [] : [{ sql: `${column} ${COMPARISONS[name]} ?`, value }];
  });
}

export type List<T> = { object: 'list'; data: T[]; has_more: boolean; url: string };

/** `GET /v1/…s`: newest first, cursors by id, as docs.stripe.com/api/pagination has it. */
export async function listObjects<K extends Kind>(
  client: PoolClient,
  kind: K,
  page: Page,
  conditions: readonly Condition[],
  url: string,
): Promise<{ body: List<Kinds[K]> }> {
  const limit = page.limit ?? 10;
  const backwards = page.ending_before !== undefined;
  const cursor = page.ending_before ?? page.starting_after;
  const where: Condition[] = [...range('created', page.created), ...conditions];
  if (cursor !== undefined) {
    const param = backwards ? 'ending_before' : 'starting_after';
    where.push({
      sql: `seq ${backwards ? '>' : '<'} ?`,
      value: await seqOf(client, kind, cursor, param),
    });
  }
  const clauses = where.map(({ sql }, index) => ` AND ${sql.replace('?', `$${index + 3}`)}`);
  const { rows } = await client.query<{ body: Kinds[K] }>(
    `SELECT body FROM stripe_sandbox.objects WHERE object = $1${clauses.join('')}
      ORDER BY seq ${backwards ? 'ASC' : 'DESC'} LIMIT $2`,
    [kind, limit + 1, ...where.map(({ value }) => value)],
  );
  const data = rows.slice(0, limit).map((row) => row.body);
  if (backwards) data.reverse();
  return { body: { object: 'list', data, has_more: rows.length > limit, url } };
}

async function seqOf(client: PoolClient, kind: Kind, id: string, param: string): Promise<string> {
  const { rows } = await client.query<{ seq: string }>(
    'SELECT seq FROM stripe_sandbox.objects WHERE id = $1 AND object = $2',
    [id, kind],
  );
  const seq = rows[0]?.seq;
  if (seq === undefined) throw resourceMissing(kind, id, param, 400);
  return seq;
}
