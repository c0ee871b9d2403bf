import { z } from 'zod';
import { catalogue } from '../../../domain/_catalogue.ts';
import type { EventDefinition } from '../../../domain/_kernel/event.ts';
import { aboutTypes, fieldTable } from './fields.ts';
import { code, json, page, table } from './markdown.ts';

export type Listener = { readonly name: string; readonly types: ReadonlySet<string> };
export type Sample = { readonly type: string; readonly version: number; readonly data: unknown };

/** Every event that may stand in the log: what it says, what of it is personal, who listens. */
export function eventsPage(listeners: {
  readonly projections: readonly Listener[];
  readonly sagas: readonly Listener[];
  readonly samples: readonly Sample[];
}): string {
  const overview = catalogue.sets.flatMap(({ category, definitions }) =>
    definitions.map((definition, index) => [
      index === 0 ? `[${category}](#${category})` : '',
      `[${definition.type}](#${definition.type.toLowerCase()})`,
      `v${definition.version}`,
      definition.summary,
    ]),
  );
  return page(
    'Events',
    'the event definitions in `domain/`',
    'The log is the truth: everything else is computed from these. An event is `{ id, type, data, metadata }`; the tables below show `data` in its newest version. Older versions are read through their upcasters ([how an event changes](../how-to/change-an-event.md)). Metadata carries who, when and because of what: `commandId`, `actor`, `occurredAt`, `recordedAt`, `$correlationId`, `$causationId`, `schemaVersion`.',
    'A field marked **personal** is encrypted under a key of that person before it is stored, and reads as `null` once the person was erased ([personal data](../explanation/personal-data.md)).',
    table(['stream', 'event', '', 'says'], overview),
    aboutTypes,
    ...catalogue.sets.flatMap((set) => [
      `## ${set.category}`,
      `Streams ${code(`${set.category}-…`)}, written by [domain/${set.category}](../../domain/${set.category}/README.md) alone.`,
      ...set.definitions.map((definition) => section(definition, listeners)),
    ]),
  );
}

function section(
  definition: EventDefinition,
  { projections, sagas, samples }: Parameters<typeof eventsPage>[0],
): string {
  const { type, version, summary, schema, personal } = definition;
  const marks = new Map(
    personal.map(({ path, mark }) => [
      path.join('.'),
      `**personal**: ${mark.purpose} data of ${code(mark.subject)}`,
    ]),
  );
  const form = z.toJSONSchema(schema, { io: 'input', reused: 'inline', unrepresentable: 'any' });
  const heard = (list: readonly Listener[]) =>
    list.filter(({ types }) => types.has(type)).map(({ name }) => code(name));
  const [read, follow] = [heard(projections), heard(sagas)];
  const sample = samples.find((each) => each.type === type && each.version === version);
  return [
    `### ${type}`,
    `v${version}. ${summary}`,
    fieldTable(form, { notes: (path) => marks.get(path) ?? '' }),
    [
      read.length === 0 ? '' : `Read models: ${read.join(', ')}.`,
      follow.length === 0 ? '' : `Sagas: ${follow.join(', ')}.`,
      read.length + follow.length === 0 ? 'Nobody listens: its own aggregate reads it.' : '',
    ]
      .filter((text) => text !== '')
      .join(' '),
    ...(sample === undefined
      ? []
      : [`<details><summary>A stored one</summary>\n\n${json(sample.data)}\n\n</details>`]),
  ].join('\n\n');
}
