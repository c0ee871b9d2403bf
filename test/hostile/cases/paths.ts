import type { Parameter } from '../api.ts';
import { pathOf, prefixOf, unknownId } from '../world.ts';
import {
  type Case,
  type Derive,
  existing,
  type Make,
  refused,
  type Setting,
  stringsFor,
} from './kit.ts';

/** Kinds of things that belong to somebody, so that others do not see them. */
const owned = new Set(['enr', 'pet']);

type At = Setting & { readonly parameter: Parameter; readonly make: Make };

export const paths: Derive = async (around) => {
  const inPath = around.target.parameters.filter((parameter) => parameter.in === 'path');
  const cases = inPath.map(async (parameter) => {
    const at = { ...around, parameter };
    return [...spellings(at), ...ids(at), ...(await foreign(at))];
  });
  return (await Promise.all(cases)).flat();
};

const pathWith = (at: At, value: string): string =>
  pathOf(at.target, (each) => (each === at.parameter ? value : existing(each, at)));

/** As it stands on the wire, for what no encoder would write. */
const rawPathWith = (at: At, value: string): string => pathWith(at, 'RAW').replace('RAW', value);

function spellings(at: At): Case[] {
  const { make, parameter } = at;
  const { name, schema } = parameter;
  const takesIt = prefixOf(parameter) === undefined;
  const texts = stringsFor(schema)
    .filter(([, value]) => value !== '' && value.length <= 200)
    .map(([what, value]) =>
      make(
        `${what} in ${name}`,
        { path: pathWith(at, value) },
        takesIt ? { kind: 'either' } : refused([404, 400, 414]),
      ),
    );
  return [
    ...texts,
    make(`a broken escape in ${name}`, { path: rawPathWith(at, '%zz') }, refused([400, 404])),
    make(`broken UTF-8 in ${name}`, { path: rawPathWith(at, '%ff%fe') }, refused([400, 404])),
    make(`an overlong ${name}`, { path: rawPathWith(at, 'a'.repeat(500)) }, refused([414])),
  ];
}

function ids(at: At): Case[] {
  const { make, parameter } = at;
  const { name } = parameter;
  const prefix = prefixOf(parameter);
  if (prefix === undefined) return [];
  const malformed = refused([404], 'not-found', `#/path/${name}`);
  // What the body brings may be looked at first: a ticket that is none is no ticket at any door, and
  // a scan that was uploaded for one door (its nonce says which scan it is) is not one of another.
  const unknown = refused([404, 409, 422]);
  return [
    make(`a malformed ${name}`, { path: pathWith(at, `${prefix}_0000`) }, malformed),
    make(`an unknown ${name}`, { path: pathWith(at, unknownId(prefix)) }, unknown),
  ];
}

async function foreign({ make, parameter, target, world }: At): Promise<Case[]> {
  const prefix = prefixOf(parameter) ?? '';
  if (!owned.has(prefix) || !target.roles.includes('member')) return [];
  const token = await world.mint(world.stranger, ['member']);
  const headers = { authorization: `Bearer ${token}` };
  return [make(`somebody else's ${parameter.name}`, { headers }, refused([404]))];
}
