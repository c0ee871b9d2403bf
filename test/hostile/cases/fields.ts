import type { Schema, Target } from '../api.ts';
import {
  type Field,
  fieldsOf,
  isText,
  type Path,
  pointerOf,
  without,
  withoutOptional,
  withValue,
} from '../fields.ts';
import {
  type Case,
  type Derive,
  type Expected,
  refused,
  type Setting,
  stringsFor,
  text,
} from './kit.ts';

/** A value of each JSON type, under the name that JSON Schema has for it. */
const values: Readonly<Record<string, unknown>> = {
  null: null,
  boolean: true,
  number: 1.5,
  string: 'text',
  array: [[]],
  object: { a: 1 },
};

const takes = ({ type, anyOf, enum: words }: Schema, name: string): boolean =>
  (type === undefined && anyOf === undefined && words === undefined) ||
  type === name ||
  (anyOf ?? []).some((branch) => takes(branch, name));

let nthText = 0;

export const perField: Derive = (around) => {
  const { target, body, make } = around;
  if (target.body === null) return [];
  const put = (field: Field, value: unknown, name: string, expected: Expected, again = body) =>
    make(
      `${name} at ${pointerOf(field.path)}`,
      { body: text(withValue(again, field.path, value)) },
      expected,
    );
  return fieldsOf(target.body.schema).flatMap((field) => {
    const wrong = refused([400], 'invalid-input', pointerOf(field.path));
    const types = Object.entries(values)
      .filter(([type]) => !takes(field.schema, type))
      .map(([type, value]) => put(field, value, `a value of type ${type}`, wrong));
    const missing = field.required
      ? [
          make(
            `nothing at ${pointerOf(field.path)}`,
            { body: text(lacking(body, field.path)) },
            wrong,
          ),
        ]
      : [];
    return [...types, ...missing, ...bounds(field, put, wrong), ...inText(field, put, around)];
  });
};

/** Without the field, in an object that is there. */
function lacking(body: unknown, path: Path): unknown {
  const cut = without(body, path);
  const around = path.slice(0, -1);
  return path.length === 1 ? cut : withValue(cut, around, withValue({}, ['surprise'], 1));
}

type Put = (field: Field, value: unknown, name: string, expected: Expected, body?: unknown) => Case;

function bounds(field: Field, put: Put, wrong: Expected): Case[] {
  const { type, minimum, maximum, maxLength, maxItems } = field.schema;
  const numbers =
    type === 'integer' || type === 'number' ? [Number.MAX_SAFE_INTEGER + 1, -0.5] : [];
  return [
    ...numbers.map((value) => put(field, value, `the number ${value}`, wrong)),
    ...(minimum === undefined ? [] : [put(field, minimum - 1, 'too little', wrong)]),
    ...(maximum === undefined ? [] : [put(field, maximum + 1, 'too much', wrong)]),
    ...(maxLength === undefined || maxLength > 200_000
      ? []
      : [put(field, 'x'.repeat(maxLength + 1), 'an overlong text', wrong)]),
    ...(maxItems === undefined
      ? []
      : [put(field, Array(maxItems + 1).fill('x'), 'too many entries', wrong)]),
  ];
}

/** Another third for each field. */
const thirdOf = ({ path }: Field): number => pointerOf(path).length % 3;

/** Its answer costs a password hash, tens of milliseconds: a third of the texts shows as much. */
const hashes = ({ body }: Target): boolean =>
  Object.values(body?.schema.properties ?? {}).some(({ format }) => format === 'password');

/** Each with a mark of its own behind it, so that it is known whose text comes back. */
function inText(field: Field, put: Put, around: Setting): Case[] {
  const { target, world } = around;
  if (!isText(field)) return [];
  const texts = stringsFor(field.schema);
  const some = hashes(target) ? texts.filter((_, nth) => nth % 3 === thirdOf(field)) : texts;
  return some.map(([name, hostile]) => {
    nthText += 1;
    const value = hostile === '' ? '' : `${hostile}~${nthText}`;
    const again =
      target.body === null
        ? undefined
        : world.fresh(withoutOptional(target.body.schema, target.body.example));
    return put(
      field,
      value,
      name,
      { kind: 'either', text: value, field: `${target.name}${pointerOf(field.path)}` },
      again,
    );
  });
}
