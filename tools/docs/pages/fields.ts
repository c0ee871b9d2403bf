import { z } from 'zod';
import { code, table } from './markdown.ts';

type Schema = Readonly<Record<string, unknown>>;
type Field = { readonly name: string; readonly schema: Schema; readonly required: boolean };
/** Looks a `$ref` up. */
type Resolve = (reference: string) => Schema;

const part = z.record(z.string(), z.unknown());
const parts = z.array(part);
const fieldsOf = z.object({
  properties: z.record(z.string(), part),
  required: z.array(z.string()).default([]),
});

/** The fields of an object's JSON Schema as a table: name, what it holds, what it means. */
export function fieldTable(
  schema: Schema,
  options: { resolve?: Resolve; notes?: (path: string) => string } = {},
): string {
  const { resolve = unresolved, notes = () => '' } = options;
  const rows = flatten(schema, resolve).map(({ name, schema: field, required }) => [
    code(name) + (required ? '' : ' ?'),
    typeText(field, resolve),
    [notes(name), meaning(field)].filter((text) => text !== '').join('; '),
  ]);
  if (rows.length === 0) return 'Nothing.';
  return rows.every(([, , note]) => note === '')
    ? table(
        ['field', 'holds'],
        rows.map((row) => row.slice(0, 2)),
      )
    : table(['field', 'holds', 'notes'], rows);
}

/** Fields of objects inside are listed by their path; money is one thing. */
function flatten(given: Schema, resolve: Resolve, prefix = ''): Field[] {
  const schema = follow(given, resolve);
  const known = fieldsOf.safeParse(schema);
  if (!known.success) return [];
  const { properties, required } = known.data;
  return Object.entries(properties).flatMap(([key, raw]) => {
    const name = `${prefix}${key}`;
    const field = { name, schema: raw, required: required.includes(key) };
    const { inner, list } = within(raw, resolve);
    if (isMoney(inner)) return [field];
    return [field, ...flatten(inner, resolve, list ? `${name}[].` : `${name}.`)];
  });
}

/** The object that a field holds: itself, one of a list, or the one that may be null. */
function within(schema: Schema, resolve: Resolve): { inner: Schema; list: boolean } {
  const solid = notNull(follow(schema, resolve));
  const items = part.safeParse(solid['items']);
  if (solid['type'] === 'array' && items.success) {
    return { inner: notNull(follow(items.data, resolve)), list: true };
  }
  return { inner: follow(solid, resolve), list: false };
}

function notNull(schema: Schema): Schema {
  const options = parts.safeParse(schema['anyOf']);
  if (!options.success) return schema;
  const solid = options.data.filter(({ type }) => type !== 'null');
  return solid.length === 1 ? (solid[0] ?? schema) : schema;
}

function typeText(given: Schema, resolve: Resolve): string {
  const schema = follow(given, resolve);
  const options = parts.safeParse(schema['anyOf'] ?? schema['oneOf']);
  if (options.success) return options.data.map((each) => typeText(each, resolve)).join(' or ');
  if ('const' in schema) return code(JSON.stringify(schema['const']));
  if (Array.isArray(schema['enum']))
    return schema['enum'].map((each) => code(String(each))).join(', ');
  if (isMoney(schema)) return '[money](#money)';
  switch (schema['type']) {
    case 'array':
      return listText(schema, resolve);
    case 'object':
      return 'object';
    case 'integer':
      return `whole number${bounds(schema, 'minimum', 'maximum')}`;
    case 'string':
      return stringText(schema);
    case 'boolean':
      return '`true`, `false`';
    case undefined:
      return 'anything';
    default:
      return String(schema['type']);
  }
}

function listText(schema: Schema, resolve: Resolve): string {
  const of = typeText(part.parse(schema['items'] ?? {}), resolve);
  const size = bounds(schema, 'minItems', 'maxItems').replace(', ', '');
  return size === '' ? `list of ${of}` : `list (${size}) of ${of}`;
}

function stringText(schema: Schema): string {
  const prefix = /^\^([a-z]{3}_)\[/.exec(String(schema['pattern'] ?? ''))?.[1];
  if (prefix !== undefined) return `id ${code(`${prefix}…`)}`;
  if (schema['format'] === 'date-time' || String(schema['pattern']).startsWith('^\\d{4}-'))
    return 'instant';
  const kind = schema['format'] === undefined ? 'text' : String(schema['format']);
  return `${kind}${bounds(schema, 'minLength', 'maxLength')}`;
}

/** A bound that is only the end of the number range says nothing. */
function bounds(schema: Schema, low: string, high: string): string {
  const show = (value: unknown) =>
    typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
      ? value.toLocaleString('en')
      : undefined;
  const [min, max] = [show(schema[low]), show(schema[high])];
  if (max === undefined) return min === undefined || min === '0' ? '' : `, at least ${min}`;
  return min === undefined ? `, up to ${max}` : `, ${min} to ${max}`;
}

function meaning(schema: Schema): string {
  const about = schema['description'];
  const fallback = schema['default'];
  return [
    ...(typeof about === 'string' && !/^Id of an? /.test(about) ? [about] : []),
    ...(fallback === undefined ? [] : [`default ${code(JSON.stringify(fallback))}`]),
  ].join('; ');
}

const isMoney = (schema: Schema): boolean => {
  const known = fieldsOf.safeParse(schema);
  return known.success && Object.keys(known.data.properties).join() === 'amount,currency';
};

function follow(schema: Schema, resolve: Resolve): Schema {
  return typeof schema['$ref'] === 'string' ? resolve(schema['$ref']) : schema;
}

function unresolved(reference: string): never {
  throw new RangeError(`${reference} cannot be looked up here`);
}

/** What the tables mean by it. */
export const aboutTypes = `A field with \`?\` may be left out. An **instant** is ISO 8601; the platform answers in UTC with milliseconds (\`2027-05-01T08:00:00.000Z\`). Ids are opaque.

### Money

\`{ "amount": 2500, "currency": "EUR" }\`: whole minor units (cents) and an ISO 4217 code.`;
