import { z } from 'zod';
import { CURRENCIES } from '../settings.ts';
import { type ApiError, type ErrorBody, invalidParameter } from './errors.ts';
import type { Form } from './form.ts';

/**
 * Parameter types of a form-encoded API: everything arrives as text. A failed check carries
 * Stripe's code, so that stripe-node shows the error an application would see in production.
 */
type Complaint = { code?: string; message: (name: string, value: string) => string };

function checked<T>(complaint: Complaint, convert: (text: string) => T | undefined) {
  return z.string().transform((text, context): T => {
    const value = text === '' ? undefined : convert(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', input: text, params: { complaint, text } });
    return z.NEVER;
  });
}

const plain = (kind: string, code?: string): Complaint => ({
  message: (_, value) => `Invalid ${kind}: ${value}`,
  ...(code === undefined ? {} : { code }),
});

export const integer = () =>
  checked(plain('integer', 'parameter_invalid_integer'), (text) => {
    const value = Number(text);
    return /^-?\d{1,15}$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
  });

const FLAGS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);
export const flag = () => checked(plain('boolean'), (text) => FLAGS.get(text));

export const text = (max = 5000) =>
  checked(
    { message: (name) => `Invalid string for '${name}': it is longer than ${max} characters` },
    (value) => (value.length <= max ? value : undefined),
  );

/** A text that an empty string unsets. */
export const unsettable = (max = 5000) => z.union([z.literal('').transform(() => null), text(max)]);

export const choice = <const T extends string>(values: readonly T[]) =>
  checked(
    {
      message: (name) =>
        `Invalid ${name}: must be one of ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
    },
    (value) => values.find((candidate) => candidate === value),
  );

export const currency = () =>
  checked(
    {
      message: (_, value) =>
        `Invalid currency: ${value.toLowerCase()}. The sandbox supports these currencies: ${Object.keys(CURRENCIES).join(', ')}`,
    },
    (value) => (Object.hasOwn(CURRENCIES, value.toLowerCase()) ? value.toLowerCase() : undefined),
  );

export const url = () =>
  checked({ code: 'url_invalid', message: () => 'Not a valid URL' }, (value) =>
    URL.canParse(value) ? value : undefined,
  );

/** Keys to values; an empty value removes its key, an empty `metadata` removes them all. */
export const metadata = () =>
  z.union([
    z.literal('').transform(() => null),
    z
      .record(
        z.string().max(40, { error: 'Metadata keys may have 40 characters' }),
        z.string().max(500, { error: 'Metadata values may have 500 characters' }),
      )
      .refine((map) => Object.keys(map).length <= 50, {
        error: 'You can only specify 50 metadata keys',
      }),
  ]);

export const expand = { expand: z.array(text(200)).max(20).optional() };

/** `created=5` or `created[gte]=5&created[lt]=9`. */
export const created = () =>
  z.union([
    integer().transform((at) => ({ gte: at, lte: at })),
    z.strictObject({
      gt: integer().optional(),
      gte: integer().optional(),
      lt: integer().optional(),
      lte: integer().optional(),
    }),
  ]);

export const page = {
  ...expand,
  created: created().optional(),
  limit: checked(
    {
      message: () => 'This value must be between 1 and 100 (inclusive)',
      code: 'parameter_invalid_integer',
    },
    (value) => (/^\d{1,3}$/.test(value) && +value >= 1 && +value <= 100 ? +value : undefined),
  ).optional(),
  starting_after: text(100).optional(),
  ending_before: text(100).optional(),
};

export function parseParams<T>(schema: z.ZodType<T>, raw: Form): T {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw toApiError(result.error.issues, raw);
}

type Issue = z.core.$ZodIssue;

function toApiError(issues: readonly Issue[], raw: Form): ApiError {
  // Stripe complains about unknown parameters before it looks at values.
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown?.code === 'unrecognized_keys') {
    const names = unknown.keys.map((key) => bracketed([...unknown.path, key]));
    const plural = names.length > 1 ? 's' : '';
    return invalidParameter(
      names[0] ?? '',
      `Received unknown parameter${plural}: ${names.join(', ')}`,
      'parameter_unknown',
    );
  }
  const issue = issues.map(deepest)[0];
  if (issue === undefined) throw new Error('a failed parse without an issue');
  return complain(issue, raw);
}

/** Of a union's failures the one that got furthest: `created[gte]=x` is about `gte`. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .flat()
    .map((each) => deepest({ ...each, path: [...issue.path, ...each.path] }));
  const custom = inner.find((each) => each.code === 'custom');
  const unknown = inner.find((each) => each.code === 'unrecognized_keys');
  return custom ?? unknown ?? inner[0] ?? issue;
}

function complain(issue: Issue, raw: Form): ApiError {
  const name = bracketed(issue.path);
  const value = valueAt(raw, issue.path);
  const type: ErrorBody['type'] = 'invalid_request_error';
  if (value === undefined) {
    return invalidParameter(name, `Missing required param: ${name}.`, 'parameter_missing', type);
  }
  if (issue.code === 'unrecognized_keys') {
    const unknown = bracketed([...issue.path, issue.keys[0] ?? '']);
    return invalidParameter(unknown, `Received unknown parameter: ${unknown}`, 'parameter_unknown');
  }
  if (value === '') {
    return invalidParameter(
      name,
      `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a ` +
        `parameter; however '${name}' cannot be unset. You should remove '${name}' from your ` +
        'request or supply a non-empty value.',
      'parameter_invalid_empty',
    );
  }
  const complaint = issue.code === 'custom' ? complaintOf(issue.params) : undefined;
  if (complaint !== undefined && typeof value === 'string') {
    return invalidParameter(name, complaint.message(name, value), complaint.code);
  }
  return invalidParameter(name, `Invalid ${name}: ${issue.message}`);
}

function complaintOf(params: Record<string, unknown> | undefined): Complaint | undefined {
  return params?.['complaint'] as Complaint | undefined;
}

function bracketed(path: readonly PropertyKey[]): string {
  const [head = '', ...rest] = path.map(String);
  return head + rest.map((part) => `[${part}]`).join('');
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
