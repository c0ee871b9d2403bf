import type { ProjectionDefinition } from '../../../projections/_runtime/definition.ts';
import { anchor, code, page, table } from './markdown.ts';

/** Every read model: the question it answers, the events it is made of, its tables. */
export function readModelsPage(projections: readonly ProjectionDefinition[]): string {
  return page(
    'Read models',
    'the projections in `projections/`',
    'Tables that hold nothing but what the events say: each can be dropped and built again from the log, and comes out the same to the byte. Queries use the stable names below, which are views in the schema `read`; each version of a read model owns its tables behind them. They change from version to version: what people query in SQL is the schema [`analytics`](analytics.md).',
    table(
      ['read model', 'answers'],
      projections.map(({ name, question }) => [`[${name}](#${anchor(name)})`, question]),
    ),
    ...projections.flatMap(({ name, version, question, reducers, tables }) => [
      `## ${name}`,
      `v${version}. ${question}`,
      `Made of ${[...reducers.keys()].map((type) => `[${type}](events.md#${type.toLowerCase()})`).join(', ')}.`,
      ...tables.map((each) =>
        [
          `### ${code(`read.${each.name}`)}`,
          `${each.comment} Key: ${each.key.map(code).join(', ')}.`,
          table(
            ['column', 'type', 'holds'],
            Object.entries(each.columns).map(([column, { type, nullable, comment }]) => [
              code(column),
              nullable === true ? `${type} or null` : type,
              comment,
            ]),
          ),
        ].join('\n\n'),
      ),
    ]),
  );
}
