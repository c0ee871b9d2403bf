import { invalidParameter } from './errors.ts';

/** What `application/x-www-form-urlencoded` with Stripe's brackets can carry. */
export type FormValue = string | FormValue[] | { [key: string]: FormValue };
export type Form = { [key: string]: FormValue };

const MAX_DEPTH = 8;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * `metadata[a]=1&expand[]=x&expand[1]=y` → `{ metadata: { a: '1' }, expand: ['x', 'y'] }`.
 * stripe-node numbers arrays, curl users write `[]`.
 */
export function parseForm(text: string): Form {
  const form: Form = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    if (name === '') continue;
    insert(form, splitName(name), value, name);
  }
  return form;
}

function splitName(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (match === null) throw invalidParameter(name, `Invalid parameter name: ${name}`);
  const [, head = '', rest = ''] = match;
  const path = [head, ...[...rest.matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '')];
  if (path.length > MAX_DEPTH || path.some((part) => FORBIDDEN.has(part))) {
    throw invalidParameter(name, `Invalid parameter name: ${name}`);
  }
  return path;
}

function insert(form: Form, path: readonly string[], value: string, name: string): void {
  // `metadata[1]` is a key that happens to be a number.
  const isArrayKey = (key: string): boolean =>
    path[0] !== 'metadata' && (key === '' || /^\d{1,3}$/.test(key));
  let target: Form | FormValue[] = form;
  for (const [index, key] of path.entries()) {
    const next = path[index + 1];
    if (next === undefined) {
      assign(target, key, value);
      return;
    }
    const child: FormValue = take(target, key) ?? (isArrayKey(next) ? [] : Object.create(null));
    if (typeof child === 'string' || Array.isArray(child) !== isArrayKey(next)) {
      throw invalidParameter(name, `Invalid parameter: ${name} is given in two shapes`);
    }
    assign(target, key, child);
    target = child;
  }
}

function take(target: Form | FormValue[], key: string): FormValue | undefined {
  if (!Array.isArray(target)) return target[key];
  return key === '' ? undefined : target[Number(key)];
}

function assign(target: Form | FormValue[], key: string, value: FormValue): void {
  if (!Array.isArray(target)) target[key] = value;
  else if (key === '') target.push(value);
  else target[Number(key)] = value;
}
