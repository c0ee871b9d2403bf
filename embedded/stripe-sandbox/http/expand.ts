import type { PoolClient } from 'pg';
import { nowSeconds } from '../ids.ts';
import { statusAt } from '../resources/ledger.ts';
import { prepared } from '../store/prepared.ts';
import { invalidParameter } from './errors.ts';

/** Which members hold an id that `expand[]` replaces by the object. */
const EXPANDABLE: Readonly<Record<string, readonly string[]>> = {
  balance_transaction: ['source'],
  charge: ['balance_transaction', 'customer', 'failure_balance_transaction', 'payment_intent'],
  payment_intent: ['customer', 'latest_charge', 'payment_method'],
  payment_method: ['customer'],
  refund: [
    'balance_transaction',
    'charge',
    'customer',
    'failure_balance_transaction',
    'payment_intent',
    'payment_method',
  ],
};
const MAX_DEPTH = 4;

type Json = Record<string, unknown>;

/** Replaces ids along each path, one query per level however long the list is. */
export async function expandInto(
  client: PoolClient,
  body: object,
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const steps = path.split('.');
    let level = [body as Json];
    if (isList(body)) {
      if (steps.shift() !== 'data') throw cannotExpand(path);
      level = body.data;
    }
    if (steps.length === 0 || steps.length > MAX_DEPTH) throw cannotExpand(path);
    for (const step of steps) level = await expandLevel(client, level, step, path);
  }
}

async function expandLevel(
  client: PoolClient,
  level: readonly Json[],
  step: string,
  path: string,
): Promise<Json[]> {
  const ids = new Set<string>();
  for (const object of level) {
    if (!EXPANDABLE[String(object['object'])]?.includes(step)) throw cannotExpand(path);
    const value = object[step];
    if (typeof value === 'string') ids.add(value);
  }
  const found = await load(client, [...ids]);
  const next: Json[] = [];
  for (const object of level) {
    const value = object[step];
    const target = typeof value === 'string' ? found.get(value) : value;
    if (typeof target !== 'object' || target === null) continue;
    object[step] = target;
    next.push(target as Json);
  }
  return next;
}

async function load(client: PoolClient, ids: readonly string[]): Promise<Map<string, Json>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<{ id: string; body: Json }>(
    prepared('SELECT id, body FROM stripe_sandbox.objects WHERE id = ANY ($1)', [ids]),
  );
  return new Map(rows.map((row) => [row.id, present(row.body)]));
}

/** A balance transaction's status is a matter of time, not of storage. */
function present(body: Json): Json {
  const { available_on: availableOn } = body;
  if (body['object'] !== 'balance_transaction' || typeof availableOn !== 'number') return body;
  return { ...body, status: statusAt({ available_on: availableOn }, nowSeconds()) };
}

function isList(body: object): body is { data: Json[] } {
  return 'data' in body && Array.isArray(body.data);
}

const cannotExpand = (path: string) =>
  invalidParameter('expand', `This property cannot be expanded (${path}).`);
