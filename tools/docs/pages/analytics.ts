import { type ViewDefinition, viewTypes } from '../../../projections/_runtime/view.ts';
import type { SampleQuery } from '../../../projections/analytics/queries.ts';
import { anchor, code, page, table } from './markdown.ts';

/** What analysts query: the views with their columns, and the sample queries. */
export function analyticsPage(
  views: readonly ViewDefinition[],
  queries: readonly SampleQuery[],
): string {
  return page(
    'The schema `analytics`',
    'the views and queries in `projections/analytics/`',
    'What analysts query in SQL: read-only, without personal data, and stable. Views and columns are added, at the end; none is renamed, retyped or taken away without a line in the [changelog](../../CHANGELOG.md). [How to connect](../how-to/query-the-read-models.md), [why it is built so](../adr/0014-analysts-views-are-a-contract.md).',
    'Amounts are whole numbers of minor units (cents) with their currency beside them; never add up two currencies. Moments are instants; `moment at time zone time_zone` with the zone of the activity gives the time at the place. `member_key` is a pseudonym: it tells people apart and leads to nobody.',
    table(
      ['view', 'holds'],
      views.map(({ name, comment }) => [`[${name}](#${name})`, comment]),
    ),
    ...views.flatMap(({ name, comment, key, columns }) => [
      `## ${name}`,
      `${comment} Key: ${key.map(code).join(', ')}.`,
      table(
        ['column', 'type', 'holds'],
        Object.entries(columns).map(([column, { type, nullable, comment: text }]) => [
          code(column),
          nullable === true ? `${viewTypes[type]} or null` : viewTypes[type],
          text,
        ]),
      ),
    ]),
    '## Sample queries',
    'Each is a file of [projections/analytics/queries](../../projections/analytics/), and a spec compares what it finds with figures counted by hand.',
    table(
      ['query', 'answers'],
      queries.map(({ name, question }) => [`[${name}](#${anchor(name)})`, question]),
    ),
    ...queries.flatMap(({ name, sql }) => [`### ${name}`, `\`\`\`sql\n${sql.trimEnd()}\n\`\`\``]),
  );
}
