import fc from 'fast-check';
import type { Parameter, Schema, Target } from './api.ts';
import { type Field, fieldsOf, type Path, without, withoutOptional, withValue } from './fields.ts';
import { hostileStrings } from './strings.ts';
import { prefixOf, type World } from './world.ts';

/** A request as the fuzz makes it: plain data, so that it shrinks and prints. */
export type Shot = {
  readonly target: Target;
  readonly path: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** The text of the body; null: none. */
  readonly body: string | null;
  /** Things made for this request; then what is changed in its good body. Null: as it stands here. */
  readonly order: readonly Change[] | null;
  /** `may`: somebody who may; else another, or a token that is none. */
  readonly who: 'may' | 'stranger' | 'nobody' | 'forged';
};

/** One place of a body with another value, or without it. */
export type Change =
  | { readonly path: Path; readonly value: unknown }
  | { readonly path: Path; readonly gone: true };

export const changed = (body: unknown, changes: readonly Change[]): unknown =>
  changes.reduce(
    (of: unknown, change) =>
      'gone' in change ? without(of, change.path) : withValue(of, change.path, change.value),
    body,
  );

const hostileText = fc.oneof(
  fc.constantFrom(...Object.values(hostileStrings)),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
);
const anything = fc.oneof(
  hostileText,
  fc.jsonValue({ maxDepth: 4, noUnicodeString: false }),
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, Number.MAX_SAFE_INTEGER, 2 ** 53, [], {}, [
    [],
  ]),
  fc.constantFrom('0000-01-01', '9999-12-31', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'),
);

/** Values that a schema takes: from ids that exist, where it takes ids. */
export function fitting(schema: Schema, world: World, name = ''): fc.Arbitrary<unknown> {
  const { anyOf, enum: words, items, properties, type } = schema;
  if (words !== undefined) return fc.constantFrom(...words);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((branch) => fitting(branch, world, name)));
  if (type === 'object') return objectOf(properties ?? {}, schema.required ?? [], world);
  if (type === 'array') {
    const maxLength = Math.min(schema.maxItems ?? 5, 5);
    return fc.array(fitting(items ?? {}, world), { minLength: schema.minItems ?? 0, maxLength });
  }
  if (type === 'integer' || type === 'number') {
    const { minimum = 0, maximum = 1e9 } = schema;
    return fc.oneof(
      fc.integer({ min: minimum, max: Math.min(maximum, minimum + 50) }),
      fc.integer({ min: minimum, max: maximum }),
    );
  }
  if (type === 'boolean') return fc.boolean();
  if (type === 'string') return stringOf(schema, world, name);
  return anything;
}

function objectOf(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  world: World,
) {
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, inner]) => [name, fitting(inner, world, name)]),
  );
  return fc.record(model, { requiredKeys: [...required] });
}

function stringOf(schema: Schema, world: World, name: string): fc.Arbitrary<string> {
  const prefix = /^\^([a-z]{3})_/.exec(schema.pattern ?? '')?.[1];
  const known = prefix === undefined ? [] : world.ids(prefix);
  if (known.length > 0) return fc.constantFrom(...known);
  const words = world.words(name);
  const other = newStringOf(schema);
  return words.length === 0 ? other : fc.oneof(fc.constantFrom(...words), other);
}

function newStringOf({ format, maxLength, minLength = 0, pattern }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') {
    const hours = fc.integer({ min: -48, max: 24 * 90 });
    return hours.map((n) => new Date(Date.now() + n * 3_600_000).toISOString());
  }
  if (format === 'email') return fc.uuid().map((id) => `${id}@fuzz.example`);
  if (pattern !== undefined)
    return fc.stringMatching(RegExp(pattern, 'u'), { maxLength: maxLength ?? 60 });
  const most = Math.min(maxLength ?? 60, Math.max(60, minLength));
  return fc.string({ unit: 'grapheme', minLength, maxLength: most });
}

/** How many of a hundred are of things made for them: such a thing takes some requests to make. */
const ORDERED = { never: 95, whole: 3, changed: 2 };

/** Mostly what a client would send; now and then one thing, or a few, are not. */
export function shotOf(target: Target, world: World): fc.Arbitrary<Shot> {
  const inPath = target.parameters.filter((parameter) => parameter.in === 'path');
  const inQuery = target.parameters.filter((parameter) => parameter.in === 'query');
  return fc.record({
    target: fc.constant(target),
    path: fc.record(Object.fromEntries(inPath.map((each) => [each.name, pathValue(each, world)]))),
    query: fc.array(queryEntry(inQuery, world), { maxLength: 2 }),
    headers: headersOf(target),
    body: target.body === null ? fc.constant(null) : bodyOf(target.body, world),
    order: fc.oneof(
      { weight: ORDERED.never, arbitrary: fc.constant(null) },
      { weight: ORDERED.whole, arbitrary: fc.constant([]) },
      { weight: ORDERED.changed, arbitrary: changesOf(target) },
    ),
    who: often<Shot['who']>(fc.constant('may'), fc.constantFrom('stranger', 'nobody', 'forged')),
  });
}

/** The first four times of five. */
const often = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: odd });

function pathValue(parameter: Parameter, world: World): fc.Arbitrary<string> {
  const known = [...world.ids(prefixOf(parameter) ?? ''), ...world.words(parameter.name)];
  const example = String(parameter.example ?? 'x');
  const usual = known.length === 0 ? fc.constant(example) : fc.constantFrom(...known);
  return often(
    usual,
    hostileText.filter((text) => text !== '' && text !== '.' && text !== '..'),
  );
}

function queryEntry(
  parameters: readonly Parameter[],
  world: World,
): fc.Arbitrary<[string, string]> {
  const surprise = fc.tuple(hostileText, hostileText);
  if (parameters.length === 0) return surprise;
  const cursor = fc
    .array(
      fc.oneof(
        fc.integer(),
        fc.maxSafeInteger(),
        hostileText,
        fc.constant(new Date(0).toISOString()),
      ),
      { maxLength: 3 },
    )
    .map((keys) => Buffer.from(JSON.stringify(keys)).toString('base64url'));
  const known = fc.constantFrom(...parameters).chain(({ name, schema }) => {
    const usual = name === 'cursor' ? cursor : fitting(schema, world).map(String);
    return fc.tuple(fc.constant(name), often(usual, hostileText));
  });
  return fc.oneof({ weight: 19, arbitrary: known }, { weight: 1, arbitrary: surprise });
}

/** Header values on the wire are bytes without line ends; others no client can send. */
const headerText = hostileText.map((text) =>
  Buffer.from(text, 'utf8')
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .slice(0, 2000),
);

function headersOf({ keyed, waits }: Target): fc.Arbitrary<Record<string, string>> {
  const odd = fc.dictionary(
    fc.constantFrom(
      'accept',
      'if-match',
      'if-none-match',
      'traceparent',
      'x-forwarded-for',
      'content-type',
      'origin',
      'range',
      ...(waits ? ['consistency-token', 'prefer'] : []),
      ...(keyed ? ['idempotency-key'] : []),
    ),
    headerText,
    { maxKeys: 3, noNullPrototype: true },
  );
  return often(fc.constant({}), odd);
}

function bodyOf(body: NonNullable<Target['body']>, world: World): fc.Arbitrary<string> {
  const good = fc.oneof(
    fc.nat().map(() => world.fresh(body.example)),
    fc.nat().map(() => world.fresh(withoutOptional(body.schema, body.example))),
    fitting(body.schema, world),
  );
  const mutated = fc
    .tuple(good, changesIn(body.schema))
    .map(([value, changes]) => changed(value, changes));
  const document = often(good, mutated).map((value) => JSON.stringify(value));
  const torn = fc.tuple(document, fc.nat(200)).map(([json, at]) => json.slice(0, at));
  return fc.oneof(
    { weight: 12, arbitrary: document },
    { weight: 1, arbitrary: torn },
    { weight: 1, arbitrary: anything.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: hostileText },
  );
}

const changesOf = ({ body }: Target): fc.Arbitrary<readonly Change[]> =>
  body === null ? fc.constant([]) : changesIn(body.schema);

/** One to three changes; none where there is no field. */
function changesIn(of: Schema): fc.Arbitrary<readonly Change[]> {
  const fields = fieldsOf(of);
  if (fields.length === 0) return fc.constant([]);
  const texts = fields.filter(({ schema }) => schema.type === 'string');
  const at = (from: readonly Field[], values: fc.Arbitrary<unknown>) =>
    fc.record({ path: fc.constantFrom(...from.map(({ path }) => path)), value: values });
  const gone = fc.constantFrom(...fields).map(({ path }) => ({ path, gone: true as const }));
  const surprise = fc
    .tuple(fc.constantFrom(...fields), hostileText)
    .map(([{ path }, name]) => ({ path: [...path.slice(0, -1), name], value: 1 }));
  const change = fc.oneof<fc.Arbitrary<Change>[]>(
    at(fields, anything),
    at(texts.length === 0 ? fields : texts, hostileText),
    gone,
    surprise,
  );
  return fc.array(change, { minLength: 1, maxLength: 3 });
}
