import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem } from './problem.ts';

/**
 * Parses `application/json` and nothing else. Strict UTF-8 (a replaced byte would change what was
 * hashed and signed), bounded depth (validators recurse), no `__proto__`. An empty body is `{}`.
 */
export function parseJsonBodies(app: FastifyInstance, limits: { depth: number }): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest, bytes: Buffer, done) => {
      if (bytes.length === 0) return done(null, {});
      if (!isUtf8(bytes)) return done(malformed('The body is not UTF-8.'));
      const text = bytes.toString('utf8');
      if (depthOf(text) > limits.depth) {
        const detail = `The body nests deeper than ${limits.depth} levels.`;
        return done(new HttpProblem('nesting-too-deep', { detail }));
      }
      return parse(request, text, (error, value) =>
        error === null ? done(null, value) : done(whyNot(text)),
      );
    },
  );
}

/** The deepest nesting of a JSON text: brackets outside of strings. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '"') i = endOfString(text, i);
    else if (character === '{' || character === '[') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}

/** Index of the quote that closes the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

/** The strict parser says only that it refused: JSON.parse tells the two causes apart. */
function whyNot(text: string): HttpProblem {
  try {
    JSON.parse(text);
  } catch (error) {
    // V8's message quotes the body; only the place of the fault is taken from it.
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    return malformed(
      `The body is not valid JSON${at === undefined ? '' : ` (at character ${at})`}.`,
    );
  }
  return new HttpProblem('forbidden-key');
}

const malformed = (detail: string): HttpProblem => new HttpProblem('malformed-json', { detail });
