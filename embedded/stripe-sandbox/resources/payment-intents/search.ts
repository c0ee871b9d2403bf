import type { PoolClient } from 'pg';
import type Stripe from 'stripe';
import { invalidParameter } from '../../http/errors.ts';
import type { Reply } from '../../http/route.ts';
import type { Condition } from '../list.ts';

/**
 * A part of Stripe's search language (docs.stripe.com/search#search-query-language): terms joined
 * by AND or by OR, negated by `-`, on the fields below. Unlike Stripe's, which lags up to a minute,
 * the answer is up to date.
 */
const FIELDS: Readonly<Record<string, { sql: string; kind: 'text' | 'number' }>> = {
  amount: { sql: "(body->>'amount')::bigint", kind: 'number' },
  created: { sql: 'created', kind: 'number' },
  currency: { sql: "body->>'currency'", kind: 'text' },
  customer: { sql: "body->>'customer'", kind: 'text' },
  status: { sql: "body->>'status'", kind: 'text' },
};

const TERM =
  /^(?<not>-)?(?:metadata\[(?<q>["'])(?<key>.+?)\k<q>\]|(?<field>[a-z_]+))(?<op>:|>=|<=|>|<)(?:null|(?<quote>["'])(?<text>(?:\\.|(?!\k<quote>).)*)\k<quote>|(?<number>\d+))/;

type Params = { query: string; limit?: number | undefined; page?: string | undefined };

export async function searchIntents(client: PoolClient, params: Params): Promise<Reply> {
  const { conditions, joiner } = parseQuery(params.query);
  const limit = params.limit ?? 10;
  const before = params.page === undefined ? null : decodePage(params.page);
  const clauses = conditions.map(({ sql }, index) => sql.replace('?', `$${index + 3}`));
  const { rows } = await client.query<{ seq: string; body: Stripe.PaymentIntent }>(
    `SELECT seq, body FROM stripe_sandbox.objects
      WHERE object = 'payment_intent' AND ($2::bigint IS NULL OR seq < $2)
        AND (${clauses.join(` ${joiner} `)})
      ORDER BY seq DESC LIMIT $1`,
    [limit + 1, before, ...conditions.map(({ value }) => value)],
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    body: {
      object: 'search_result',
      data: shown.map((row) => row.body),
      has_more: more,
      next_page: more ? encodePage(last.seq) : null,
      url: '/v1/payment_intents/search',
    },
  };
}

function parseQuery(query: string): { conditions: Condition[]; joiner: 'AND' | 'OR' } {
  const conditions: Condition[] = [];
  let joiner: 'AND' | 'OR' | undefined;
  let rest = query.trim();
  for (;;) {
    const match = TERM.exec(rest);
    if (match?.groups === undefined) throw invalidQuery(query);
    conditions.push(condition(match.groups, query));
    rest = rest.slice(match[0].length).trimStart();
    if (rest === '') return { conditions, joiner: joiner ?? 'AND' };
    const word = /^(AND|OR)\s+/i.exec(rest);
    // Terms that only follow each other are joined by AND.
    const found = word?.[1]?.toUpperCase() === 'OR' ? 'OR' : 'AND';
    if (joiner !== undefined && joiner !== found) throw invalidQuery(query);
    joiner = found;
    rest = rest.slice(word?.[0].length ?? 0);
  }
}

function condition(groups: Record<string, string | undefined>, query: string): Condition {
  const negate = (sql: string) =>
    groups['not'] === undefined ? sql : `NOT coalesce(${sql}, false)`;
  const text = groups['text']?.replace(/\\(.)/g, '$1') ?? groups['number'];
  const key = groups['key'];
  if (key !== undefined) {
    if (groups['op'] !== ':') throw invalidQuery(query);
    return text === undefined
      ? { sql: negate("NOT jsonb_exists(body->'metadata', ?)"), value: key }
      : { sql: negate("body->'metadata' @> ?::jsonb"), value: JSON.stringify({ [key]: text }) };
  }
  const field = FIELDS[groups['field'] ?? ''];
  if (field === undefined) {
    throw invalidParameter('query', `Field \`${groups['field']}\` is an unsupported search field.`);
  }
  const operator = groups['op'] === ':' ? '=' : groups['op'];
  if (text === undefined || (operator !== '=' && field.kind === 'text')) throw invalidQuery(query);
  if (field.kind === 'number' && !/^\d{1,15}$/.test(text)) throw invalidQuery(query);
  return { sql: negate(`${field.sql} ${operator} ?`), value: text };
}

const encodePage = (seq: string): string => Buffer.from(seq).toString('base64url');

function decodePage(page: string): string {
  const seq = Buffer.from(page, 'base64url').toString();
  if (!/^\d{1,18}$/.test(seq)) throw invalidParameter('page', `Invalid page: ${page}`);
  return seq;
}

const invalidQuery = (query: string) =>
  invalidParameter(
    'query',
    `We were unable to parse your search query: ${query}. See embedded/stripe-sandbox/README.md for what the sandbox understands.`,
  );
