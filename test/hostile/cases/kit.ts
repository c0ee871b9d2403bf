import { randomUUID } from 'node:crypto';
import type { Call } from '../../../embedded/demo/client/http.ts';
import type { Parameter, Schema, Target } from '../api.ts';
import { withoutOptional } from '../fields.ts';
import { hostileStrings } from '../strings.ts';
import type { Supply } from '../supplies.ts';
import { pathOf, prefixOf, type World } from '../world.ts';

/** What has to come of a request. */
export type Expected =
  /** Refused, and nothing stored. `pointer`: an error is there or below. */
  | {
      readonly kind: 'refused';
      readonly statuses: readonly number[];
      readonly code?: string;
      readonly pointer?: string;
    }
  /** Refused, or taken: then `text` comes back as it was sent, where it is shown at all. */
  | { readonly kind: 'either'; readonly text?: string; readonly field?: string };

export type Case = {
  readonly target: Target;
  readonly name: string;
  readonly call: Call;
  readonly expected: Expected;
};

export type Make = (name: string, change: Partial<Call>, expected: Expected) => Case;

/** A route on a running platform, with what makes a request of it a good one. */
export type Setting = {
  readonly target: Target;
  readonly world: World;
  readonly supply: Supply;
};

export type Around = Setting & {
  readonly call: Call;
  readonly body: unknown;
  readonly make: Make;
};

export type Derive = (around: Around) => readonly Case[] | Promise<readonly Case[]>;

export const refused = (
  statuses: readonly number[],
  code?: string,
  pointer?: string,
): Expected => ({
  ...{ kind: 'refused', statuses },
  ...(code === undefined ? {} : { code }),
  ...(pointer === undefined ? {} : { pointer }),
});

export const text = (value: unknown): string => JSON.stringify(value);

/** Stands for the token of somebody who may; `run` puts one in, so that nobody asks too often. */
export const SOMEBODY = 'somebody who may';

/** Stands for a header that is left out. */
export const ABSENT = '\u0000absent';

/** Where only ids fit, a few show as much as all. */
export const stringsFor = ({ pattern }: Schema): (readonly [string, string])[] =>
  Object.entries(hostileStrings).filter((_, nth) => pattern === undefined || nth % 6 === 0);

export function existing(parameter: Parameter, { world, supply }: Setting): string {
  const supplied = supply.path?.[parameter.name];
  if (supplied !== undefined) return supplied;
  const prefix = prefixOf(parameter);
  const example = String(parameter.example ?? parameter.schema.example ?? 'x');
  const known = prefix === undefined ? world.words(parameter.name)[0] : world.known(prefix);
  return known ?? example;
}

/** A body that is as good as the definition's example, of things that exist. */
export function goodBody({ target, world, supply }: Setting): unknown {
  if (target.body === null) return undefined;
  if (supply.text !== undefined) return JSON.parse(supply.text);
  const { example, schema } = target.body;
  if (supply.body === undefined) return world.fresh(example);
  // Optional fields of the example may name what the supply knows nothing of.
  return { ...Object(world.fresh(withoutOptional(schema, example))), ...supply.body };
}

/** A request of the route that is as good as its definition's example is; with its supply, better. */
export function goodCall(setting: Setting): Call {
  const { target, world, supply } = setting;
  const body = target.body === null ? undefined : (supply.text ?? text(goodBody(setting)));
  return {
    method: target.method,
    url: world.platform[target.api === 'write' ? 'writeUrl' : 'readUrl'],
    path: pathOf(target, (parameter) => existing(parameter, setting)),
    headers: {
      ...(target.roles.length === 0 ? {} : { authorization: SOMEBODY }),
      ...(target.keyed ? { 'idempotency-key': randomUUID() } : {}),
      ...(target.seen ? { 'if-match': '*' } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...supply.headers,
    },
    ...(body === undefined ? {} : { body }),
  };
}
