import { httpProblems, joinProblems } from '../../../platform/http/problem.ts';
import { readProblems } from '../../../read-api/problems.ts';
import { writeProblems } from '../../../write-api/problems.ts';
import type { ApiDocument } from '../open-api.ts';
import { entriesOf, everywhere, problemsOf } from './api.ts';
import { anchor, code, json, page, table } from './markdown.ts';

type Documents = { readonly write: ApiDocument; readonly read: ApiDocument };

/** Every code that either API answers with, and which operations do. */
export function problemsPage(documents: Documents): string {
  const problems = Object.entries(joinProblems(httpProblems, writeProblems, readProblems)).toSorted(
    ([a], [b]) => (a < b ? -1 : 1),
  );
  const answered = answeredBy(documents);
  const list = problems.map(([name, { status, title }]) => [
    `[${name}](#${name})`,
    String(status),
    title,
  ]);
  return page(
    'Refusals and problems',
    'the tables of refusals and problems',
    'Both APIs say what went wrong as [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem details, `application/problem+json`. `code` is stable: programs look at it, people at `detail`. Facts about the refusal stand beside the standard members, `errors` names each wrong field by its JSON Pointer, and `traceId` finds the request in the logs. A running API serves the same text at `type`.',
    json({
      type: '/problems/already-checked-in',
      title: 'Already checked in',
      status: 409,
      code: 'already-checked-in',
      detail: 'The ticket was admitted before.',
      admittedAt: '2027-05-01T07:45:00.000Z',
      instance: '/v1/activities/act_…/check-ins',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    }),
    'What to do: **409** and **422** need a decision of a person or another request; **429** and **503** carry `Retry-After`, and the same request with the same `Idempotency-Key` is safe. A refusal stores nothing and does not use the key up.',
    table(['code', 'status', 'means'], list),
    ...problems.map(([name, { status, description }]) =>
      [`## ${name}`, `${status}. ${description}`, whoAnswers(name, answered)]
        .filter((text) => text !== '')
        .join('\n\n'),
    ),
  );
}

function answeredBy({ write, read }: Documents): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [file, document] of [
    ['write-api.md', write],
    ['read-api.md', read],
  ] as const) {
    for (const { operation } of entriesOf(document)) {
      const link = `[${operation.summary}](${file}#${anchor(operation.summary)})`;
      for (const each of problemsOf(operation)) found.set(each, [...(found.get(each) ?? []), link]);
    }
  }
  return found;
}

function whoAnswers(name: string, answered: ReadonlyMap<string, readonly string[]>): string {
  if (everywhere.has(name)) return '';
  const links = answered.get(name) ?? [];
  if (links.length > 12) return `Answered by ${links.length} operations.`;
  return links.length === 0
    ? `No operation of the APIs answers ${code(name)}: it is a refusal between parts of the platform, or of HTTP itself.`
    : `Answered by: ${links.join(', ')}.`;
}
