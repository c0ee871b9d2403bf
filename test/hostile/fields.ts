import type { Schema } from './api.ts';

export type Path = readonly (string | number)[];

/** One place of a body, with what it takes. */
export type Field = { readonly path: Path; readonly schema: Schema; readonly required: boolean };

/** Every field of a schema, objects and entries of lists included, outermost first. */
export function fieldsOf(schema: Schema, path: Path = []): readonly Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const field = {
      path: [...path, name],
      schema: inner,
      required: schema.required?.includes(name) ?? false,
    };
    return [field, ...fieldsOf(inner, field.path)];
  });
  const { items } = schema;
  if (items === undefined) return own;
  const entry = { path: [...path, 0], schema: items, required: false };
  return [...own, entry, ...fieldsOf(items, entry.path)];
}

export const isText = ({ schema }: Field): boolean =>
  schema.type === 'string' && schema.enum === undefined;

/** As the problem document points to it (RFC 6901 §6). */
export const pointerOf = (path: Path): string => ['#', ...path].join('/');

type Holder = Record<string | number, unknown>;

const isHolder = (value: unknown): value is Holder => typeof value === 'object' && value !== null;

/** A copy with another value in one place; what has to be around it is made. */
export function withValue(body: unknown, path: Path, value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  const copy: Holder | unknown[] = Array.isArray(body)
    ? [...body]
    : { ...(isHolder(body) ? body : {}) };
  const holder: Holder =
    typeof head === 'number' && !Array.isArray(copy) ? Object([]) : (copy as Holder);
  const inner = isHolder(body) && Object.hasOwn(body, head) ? (body as Holder)[head] : undefined;
  holder[head] = withValue(inner, rest, value);
  return holder;
}

/** A copy without one place. */
export function without(body: unknown, path: Path): unknown {
  const [head, ...rest] = path;
  if (head === undefined || !isHolder(body)) return body;
  const copy: Holder = Array.isArray(body) ? Object([...body]) : { ...body };
  if (rest.length === 0) delete copy[head];
  else copy[head] = without(copy[head], rest);
  return copy;
}

/** A copy whose texts went through a function, wherever they stand. */
export function mapTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((entry) => mapTexts(entry, change));
  if (!isHolder(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, change)]),
  );
}

/** Every text of a value, wherever it stands. */
export function textsOf(value: unknown): string[] {
  const found: string[] = [];
  mapTexts(value, (text) => found.push(text));
  return found;
}

/** A body without what may be left out: less that could be in the way of one thing. */
export function withoutOptional({ properties, required }: Schema, body: unknown): unknown {
  const optional = Object.keys(properties ?? {}).filter((name) => !required?.includes(name));
  return optional.reduce((rest, name) => without(rest, [name]), body);
}
