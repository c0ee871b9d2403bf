import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { EventDefinition } from '../../domain/_kernel/event.ts';

export type JsonSchema = { readonly [keyword: string]: unknown };

/** What a reader of stored events relies on: the form of the data and what of it is encrypted. */
export type StoredForm = {
  /** `/email: contact of memberId`: encrypted under that person's key before it is stored. */
  readonly personal: readonly string[];
  readonly schema: JsonSchema;
};

/** The stored form of an event's newest version. Refinements in code have no JSON Schema: for these
 * there are the samples. */
export function storedForm(definition: Pick<EventDefinition, 'schema' | 'personal'>): StoredForm {
  const schema = z.toJSONSchema(definition.schema, {
    io: 'input',
    reused: 'inline',
    unrepresentable: 'any',
  });
  const personal = definition.personal.map(
    ({ path, mark }) => `/${path.join('/')}: ${mark.purpose} of ${mark.subject}`,
  );
  return { personal: personal.sort(), schema: normalise(schema) };
}

export function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, 16);
}

/** Keywords that describe and do not constrain: they may change freely. */
const annotations = new Set(
  ['$schema', '$id', '$comment', 'title', 'description', 'example', 'examples'].concat([
    'deprecated',
    'readOnly',
    'writeOnly',
  ]),
);

/** Equal for schemas that accept the same data: no annotations, sorted keys and sets. */
export function normalise(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema)
    .filter(([keyword]) => !annotations.has(keyword))
    .map(([keyword, value]) => [keyword, normaliseKeyword(keyword, value)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function normaliseKeyword(keyword: string, value: unknown): unknown {
  if (keyword === 'required' || keyword === 'enum') return sortedSet(value);
  // The keys of these are names, not keywords: a field may well be called `description`.
  if (keyword === 'properties' || keyword === '$defs') {
    const fields = isSchema(value) ? Object.entries(value) : [];
    return sorted(Object.fromEntries(fields.map(([name, part]) => [name, normalisePart(part)])));
  }
  return Array.isArray(value) ? value.map(normalisePart) : normalisePart(value);
}

function normalisePart(part: unknown): unknown {
  return isSchema(part) ? normalise(part) : part;
}

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortedSet(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isSchema(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}
