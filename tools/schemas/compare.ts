import { isSchema, type JsonSchema, type StoredForm } from './json-schema.ts';

/**
 * One difference between two stored forms of the same event version. `widening`: everything that
 * the old form allowed is allowed by the new one, so stored events still decode.
 */
export type Change = { readonly text: string; readonly widening: boolean };

const breaks = (text: string): Change => ({ text, widening: false });
const widens = (text: string): Change => ({ text, widening: true });

export function compareForms(old: StoredForm, now: StoredForm): Change[] {
  return [...comparePersonal(old.personal, now.personal), ...compare(old.schema, now.schema, '')];
}

function comparePersonal(old: readonly string[], now: readonly string[]): Change[] {
  const lost = old.filter((mark) => !now.includes(mark));
  const won = now.filter((mark) => !old.includes(mark));
  return [
    ...lost.map((mark) =>
      breaks(`personal data lost its mark (${mark}): it would be stored in clear`),
    ),
    ...won.map((mark) =>
      breaks(`personal data got a mark (${mark}): stored events carry it in clear`),
    ),
  ];
}

/** Differences of what two JSON Schemas accept. Strict: what is not understood breaks. */
export function compare(old: JsonSchema, now: JsonSchema, path: string): Change[] {
  const [oldForms, nowForms] = [alternatives(old), alternatives(now)];
  const [oldOnly, nowOnly] = [oldForms.filter(isNotNull), nowForms.filter(isNotNull)];
  const changes = compareNull(oldForms, nowForms, path);
  const [oneOld, oneNow] = [oldOnly[0], nowOnly[0]];
  if (
    oldOnly.length === 1 &&
    nowOnly.length === 1 &&
    oneOld !== undefined &&
    oneNow !== undefined
  ) {
    return [...changes, ...compareOne(oneOld, oneNow, path)];
  }
  return [...changes, ...compareMany(oldOnly, nowOnly, path)];
}

/** `anyOf`, `oneOf` and `type: ['string', 'null']` as a flat list. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  const { anyOf, oneOf, type, ...rest } = schema;
  const forms = anyOf ?? oneOf;
  if (Array.isArray(forms)) return forms.filter(isSchema).flatMap(alternatives);
  if (!Array.isArray(type)) return [schema];
  return type.map((one) => (one === 'null' ? { type: one } : { type: one, ...rest }));
}

const isNotNull = (schema: JsonSchema): boolean => schema.type !== 'null';

function compareNull(old: JsonSchema[], now: JsonSchema[], path: string): Change[] {
  const [before, after] = [!old.every(isNotNull), !now.every(isNotNull)];
  if (before === after) return [];
  return after
    ? [widens(`${name(path)} may be null now`)]
    : [breaks(`${name(path)} may no longer be null`)];
}

/** Unions: every old alternative has to live on in some new one. */
function compareMany(old: JsonSchema[], now: JsonSchema[], path: string): Change[] {
  const accepts = (wide: JsonSchema, narrow: JsonSchema) =>
    compareOne(narrow, wide, path).every(({ widening }) => widening);
  const lost = old.filter((one) => !now.some((other) => accepts(other, one)));
  const won = now.filter((one) => !old.some((other) => accepts(one, other) && accepts(other, one)));
  return [
    ...lost.map((one) => breaks(`${name(path)} lost or narrowed the alternative ${brief(one)}`)),
    ...won.map((one) => widens(`${name(path)} got the alternative ${brief(one)}`)),
  ];
}

type Comparison = (old: unknown, now: unknown, path: string, pair: Pair) => Change[];
type Pair = { readonly old: JsonSchema; readonly now: JsonSchema };

/** `required` is told with the fields, `const` as an `enum` of one. */
const comparisons: Readonly<Record<string, Comparison>> = {
  properties: compareFields,
  required: () => [],
  additionalProperties: compareRest,
  items: compareParts,
  enum: compareEnum,
  type: compareType,
  minimum: lowerBound,
  exclusiveMinimum: lowerBound,
  minLength: lowerBound,
  minItems: lowerBound,
  maximum: upperBound,
  exclusiveMaximum: upperBound,
  maxLength: upperBound,
  maxItems: upperBound,
};

function compareOne(old: JsonSchema, now: JsonSchema, path: string): Change[] {
  const pair = { old: constAsEnum(old), now: constAsEnum(now) };
  const keywords = new Set([...Object.keys(pair.old), ...Object.keys(pair.now)]);
  return [...keywords].flatMap((keyword) => {
    const [before, after] = [pair.old[keyword], pair.now[keyword]];
    if (keyword !== 'properties' && same(before, after)) return [];
    const comparison = comparisons[keyword];
    if (comparison !== undefined) return comparison(before, after, path, pair);
    if (after === undefined)
      return [widens(`${name(path)} is no longer bound to ${keyword} ${brief(before)}`)];
    return [breaks(`${name(path)}: ${keyword} changed from ${brief(before)} to ${brief(after)}`)];
  });
}

function constAsEnum(schema: JsonSchema): JsonSchema {
  if (!('const' in schema)) return schema;
  const { const: value, ...rest } = schema;
  return { ...rest, enum: [value] };
}

function compareFields(_old: unknown, _now: unknown, path: string, { old, now }: Pair): Change[] {
  const [before, after] = [fieldsOf(old), fieldsOf(now)];
  const [wasRequired, isRequired] = [requiredOf(old), requiredOf(now)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field) => {
    const at = `${path}/${field}`;
    const [one, other] = [before[field], after[field]];
    if (other === undefined) return [breaks(`${name(at)} was removed`)];
    if (one === undefined) return [added(at, isRequired.has(field), old)];
    return [
      ...becameRequired(at, wasRequired.has(field), isRequired.has(field)),
      ...(isSchema(one) && isSchema(other) ? compare(one, other, at) : []),
    ];
  });
}

function added(at: string, required: boolean, old: JsonSchema): Change {
  if (required) return breaks(`${name(at)} was added and is required`);
  // Only a strict object cannot have carried something else under this name.
  return old.additionalProperties === false
    ? widens(`${name(at)} was added and is optional`)
    : breaks(`${name(at)} was added to an object that allowed any value there`);
}

function becameRequired(at: string, was: boolean, is: boolean): Change[] {
  if (was === is) return [];
  return is ? [breaks(`${name(at)} became required`)] : [widens(`${name(at)} became optional`)];
}

function compareRest(old: unknown, now: unknown, path: string): Change[] {
  if (isSchema(old) && isSchema(now)) return compare(old, now, `${path}/*`);
  if (now === false) return [breaks(`${name(path)} no longer allows further fields`)];
  return old === false || now === undefined || now === true
    ? [widens(`${name(path)} allows further fields now`)]
    : [breaks(`${name(path)} restricts its further fields`)];
}

function compareParts(old: unknown, now: unknown, path: string): Change[] {
  if (isSchema(old) && isSchema(now)) return compare(old, now, `${path}[]`);
  return now === undefined
    ? [widens(`${name(path)} allows any items now`)]
    : [breaks(`${name(path)} restricts its items`)];
}

function compareEnum(old: unknown, now: unknown, path: string): Change[] {
  if (!Array.isArray(now)) return [widens(`${name(path)} is no longer one of ${brief(old)}`)];
  if (!Array.isArray(old)) return [breaks(`${name(path)} has to be one of ${brief(now)} now`)];
  const lost = old.filter((value) => !now.includes(value));
  const won = now.filter((value) => !old.includes(value));
  return [
    ...lost.map((value) => breaks(`${name(path)} lost the value ${brief(value)}`)),
    ...won.map((value) => widens(`${name(path)} got the value ${brief(value)}`)),
  ];
}

function compareType(old: unknown, now: unknown, path: string): Change[] {
  const text = `${name(path)} changed from ${String(old ?? 'anything')} to ${String(now ?? 'anything')}`;
  const wider = now === undefined || (old === 'integer' && now === 'number');
  return [wider ? widens(text) : breaks(text)];
}

function lowerBound(old: unknown, now: unknown, path: string): Change[] {
  const wider =
    now === undefined || (typeof old === 'number' && typeof now === 'number' && now < old);
  return [bound('from below', old, now, path, wider)];
}

function upperBound(old: unknown, now: unknown, path: string): Change[] {
  const wider =
    now === undefined || (typeof old === 'number' && typeof now === 'number' && now > old);
  return [bound('from above', old, now, path, wider)];
}

function bound(side: string, old: unknown, now: unknown, path: string, wider: boolean): Change {
  const text = `${name(path)} is bounded ${side} by ${brief(now)} instead of ${brief(old)}`;
  return wider ? widens(text) : breaks(text);
}

const fieldsOf = ({ properties }: JsonSchema): JsonSchema =>
  isSchema(properties) ? properties : {};
const requiredOf = ({ required }: JsonSchema): Set<unknown> =>
  new Set(Array.isArray(required) ? required : []);
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const name = (path: string): string => (path === '' ? 'the data' : `field \`${path.slice(1)}\``);

function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
