import type { CommandDefinition, ExpectedRevision } from '../commands/_runtime/index.ts';
import { HttpProblem } from '../platform/http/index.ts';

const HEADER = '#/header/If-Match';
/** One entity tag of the list: a weak one never matches (RFC 9110 §13.1.1). */
const TAG = /^(W\/)?"([!#-~\u0080-\u00ff]*)"$/;
const REVISION = /^\d{1,10}$/;

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
  return text.split(',').flatMap((entry) => {
    const [, weak, tag] = TAG.exec(entry.trim()) ?? [];
    if (tag === undefined) throw invalid('expected the ETag or revision in double quotes, or *');
    return weak === undefined && REVISION.test(tag) ? [Number(tag)] : [];
  });
}

function invalid(message: string): HttpProblem {
  return new HttpProblem('invalid-input', { errors: [{ pointer: HEADER, message }] });
}
