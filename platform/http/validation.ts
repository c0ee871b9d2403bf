import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import type { FieldError } from './problem.ts';

/** How a zod issue looks to us; the kernel's own errors have no more than path and message. */
export type Issue = {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
};

/** A part of the request does not fit its schema. Fastify adds which part: `validationContext`. */
export class SchemaMismatchError extends Error {
  override readonly name = 'SchemaMismatchError';
  readonly issues: readonly Issue[];
  validationContext?: string;
  constructor(issues: readonly Issue[]) {
    super('the request does not fit its schema');
    this.issues = issues;
  }
}

/** Validates and hands on what the schema makes of the input (defaults, numbers out of strings). */
export const parsing =
  ({ schema }: { readonly schema: z.ZodType }) =>
  (data: unknown): { readonly value?: unknown; readonly error?: SchemaMismatchError } => {
    const result = schema.safeParse(data);
    return result.success
      ? { value: result.data }
      : { error: new SchemaMismatchError(result.error.issues as readonly Issue[]) };
  };

/** Validates and hands on the input as it came: for those who parse it themselves. */
export const checking: FastifySchemaCompiler<z.ZodType> = (route) => (data) => {
  const result = parsing(route)(data);
  return result.error === undefined ? { value: data } : { error: result.error };
};

/** Where a part of the request starts in our pointers; the body is the document itself. */
const roots: Readonly<Record<string, string>> = {
  body: '#',
  querystring: '#/query',
  query: '#/query',
  params: '#/path',
  headers: '#/header',
};
const MOST = 50;

export function fieldErrors(issues: readonly Issue[], part: string): FieldError[] {
  const root = roots[part] ?? '#';
  return issues
    .flatMap(expand)
    .slice(0, MOST)
    .map(({ path, message }) => ({ pointer: pointerTo(root, path), message }));
}

/** An unknown field is an error at that field; a union's error is that of its nearest branch. */
function expand(issue: Issue): Issue[] {
  if (issue.code === 'unrecognized_keys' && issue.keys !== undefined) {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown field' }));
  }
  if (issue.code === 'invalid_union' && issue.errors !== undefined) {
    const nearest = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
    if (nearest === undefined || nearest.length === 0) return [issue];
    return nearest.flatMap((inner) => expand({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  if (/received undefined$/.test(issue.message)) {
    return [
      {
        ...issue,
        message: issue.message.replace(/^Invalid input: (.*), received undefined$/, 'required: $1'),
      },
    ];
  }
  return [issue];
}

const depth = (issues: readonly Issue[]): number =>
  Math.max(0, ...issues.map((issue) => issue.path.length));

function pointerTo(root: string, path: readonly PropertyKey[]): string {
  return [root, ...path.map((key) => escapeToken(String(key).toWellFormed()))].join('/');
}

/** RFC 6901 §3 for the pointer, then §6 for the fragment it stands in. Long keys are a client's joke. */
const escapeToken = (key: string): string =>
  encodeURIComponent(key.slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'));
