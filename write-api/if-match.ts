import type { CommandDefinition, ExpectedRevision } from '../commands/_runtime/index.ts';
import { HttpProblem } from '../platform/http/index.ts';

const HEADER = '#/header/If-Match';
/** Entity tags, which may have commas in them (RFC 9110 §8.8.3). */
const LIST = /^(?:W\/)?"[!#-~\u0080-\u00ff]*"(?:\s*,\s*(?:W\/)?"[!#-~\u0080-\u00ff]*")*$/;
/** One of them: a weak one never matches (§13.1.1). */
const TAG = /(W\/)?"([^"]*)"/g;
/** As we write it: tags are compared letter by letter. */
const REVISION = /^(0|[1-9]\d{0,9})$/;

/**
 * The revisions that `If-Match` names: `"3"`, several with commas, or `*`. Tags that are no revision of
 * ours match nothing. Refused where the command changes nothing that has a revision to name: whoever
 * sends it relies on being held to it.
 */
export function readIfMatch(
  header: string | readonly string[] | undefined,
  { ifMatch, name }: Pick<CommandDefinition, 'ifMatch' | 'name'>,
): ExpectedRevision | undefined {
  if (header === undefined) return undefined;
  if (ifMatch === undefined) throw invalid(`${name} takes no If-Match: send it without`);
  const text = (typeof header === 'string' ? header : header.join(',')).trim();
  if (text === '*') return 'any';
  if (!LIST.test(text)) throw invalid('expected the ETag or revision in double quotes, or *');
  return [...text.matchAll(TAG)].flatMap(([, weak, tag = '']) =>
    weak === undefined && REVISION.test(tag) ? [Number(tag)] : [],
  );
}

function invalid(message: string): HttpProblem {
  return new HttpProblem('invalid-input', { errors: [{ pointer: HEADER, message }] });
}
