import { randomUUID } from 'node:crypto';
import type { Target } from '../api.ts';
import type { World } from '../world.ts';
import { methods, tokens } from './access.ts';
import { whole } from './bodies.ts';
import { perField } from './fields.ts';
import { inHeaders, keys, revisions } from './headers.ts';
import {
  ABSENT,
  type Around,
  type Case,
  type Derive,
  goodBody,
  goodCall,
  type Make,
} from './kit.ts';
import { paths } from './paths.ts';
import { queries } from './queries.ts';
import { webhooks } from './webhooks.ts';

export { type Case, goodCall, SOMEBODY } from './kit.ts';

const common: readonly Derive[] = [tokens, methods, paths, keys, revisions, queries, inHeaders];

/** Every hostile request of one route. */
export async function casesOf(target: Target, world: World): Promise<readonly Case[]> {
  const setting = { target, world, supply: await world.order(target) };
  const call = goodCall(setting);
  const make: Make = (name, change, expected) => {
    const headers = { ...call.headers, ...change.headers };
    const key = target.keyed && change.headers?.['idempotency-key'] === undefined;
    const all = key ? { ...headers, 'idempotency-key': randomUUID() } : headers;
    const kept = Object.entries(all).filter(([, value]) => value !== ABSENT);
    return {
      target,
      name,
      call: { ...call, ...change, headers: Object.fromEntries(kept) },
      expected,
    };
  };
  const around: Around = { ...setting, call, body: goodBody(setting), make };
  const own = target.name === 'receive-stripe-event' ? [webhooks] : [whole, perField];
  return (await Promise.all([...common, ...own].map((derive) => derive(around)))).flat();
}
