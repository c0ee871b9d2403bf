/**
 * Variables in a Compose file: `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and the same without
 * the colon; a default may hold variables itself. `$$` is a dollar.
 */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A variable that has to be set and is not, or one that is written in a way Compose does not know. */
export class InterpolationError extends Error {
  override readonly name = 'InterpolationError';
}

export function interpolate(text: string, variables: Variables): string {
  let result = '';
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '$') result += text[at++];
    else if (text[at + 1] === '$') {
      result += '$';
      at += 2;
    } else {
      if (text[at + 1] !== '{') throw new InterpolationError(`"${text}": write \${NAME}`);
      const end = closingBrace(text, at + 2);
      result += valueIn(text.slice(at + 2, end), variables);
      at = end + 1;
    }
  }
  return result;
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  throw new InterpolationError(`"${text}": a brace is not closed`);
}

function valueIn(expression: string, variables: Variables): string {
  const [, name, operator = '', rest = ''] = /^(\w+)(?:(:?[-?])(.*))?$/s.exec(expression) ?? [];
  if (name === undefined) throw new InterpolationError(`\${${expression}} is not understood`);
  const value = variables[name];
  const usable = value !== undefined && (value !== '' || !operator.startsWith(':'));
  if (usable) return value;
  if (operator.endsWith('-')) return interpolate(rest, variables);
  if (operator.endsWith('?')) throw new InterpolationError(`${name} is not set: ${rest}`);
  throw new InterpolationError(`${name} is not set and has no default`);
}

/** The same for every text in a value that was read from YAML. */
export function interpolateAll(
  value: unknown,
  variables: Variables,
  report: (problem: string) => void,
): unknown {
  if (typeof value === 'string') {
    try {
      return interpolate(value, variables);
    } catch (error) {
      if (!(error instanceof InterpolationError)) throw error;
      report(error.message);
      return value;
    }
  }
  if (Array.isArray(value)) return value.map((item) => interpolateAll(item, variables, report));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolateAll(item, variables, report)]),
  );
}
