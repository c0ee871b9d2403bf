import { z } from 'zod';
import { catalogue } from '../../../domain/_catalogue.ts';
import type { EventDefinition } from '../../../domain/_kernel/event.ts';
import type { Writers } from '../writers.ts';
import { aboutTypes, fieldTable } from './fields.ts';
import { anchor, code, json, page, table } from './markdown.ts';

export type Listener = { readonly name: string; readonly types: ReadonlySet<string> };
export type Sample = { readonly type: string; readonly version: number; readonly data: unknown };

/** A command as the page names it; with a summary it is a client's, and has its place in the reference. */
export type Writer = { readonly name: string; readonly clientSummary: string | null };

type About = {
  readonly commands: readonly Writer[];
  readonly writers: Writers;
  readonly projections: readonly Listener[];
  readonly sagas: readonly Listener[];
  readonly samples: readonly Sample[];
};

/** Every event that may stand in the log: what it says, what of it is personal, who writes it, who listens. */
export function eventsPage(about: About): string {
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
    'Who writes an event is found in the code: the commands whose decisions can make it, and the sagas that send those no client may send. Whoever listens is in the definitions of read models and sagas; beside them [the relay](../../exporters/nats-relay/README.md) publishes every event, without its personal fields, and [the files for finance](../../exporters/README.md#the-files) are drawn from read models.',
    table(['stream', 'event', '', 'says'], overview),
    aboutTypes,
    ...catalogue.sets.flatMap((set) => [
      `## ${set.category}`,
      `Streams ${code(`${set.category}-…`)}, written by [domain/${set.category}](../../domain/${set.category}/README.md) alone.`,
      ...set.definitions.map((definition) => section(definition, about)),
    ]),
  );
}

/** The commands that store it, and for each that no client sends, the sagas that do. */
function writersOf(type: string, { commands, writers }: About): string {
  const names = writers.commandsOf.get(type) ?? [];
  if (names.length === 0) return 'Written by the platform itself when it first meets a log.';
  const texts = commands
    .filter(({ name }) => names.includes(name))
    .map(({ name, clientSummary }) => {
      if (clientSummary !== null) return `[${name}](write-api.md#${anchor(clientSummary)})`;
      const senders = writers.sendersOf.get(name) ?? [];
      return `${code(name)} (sent by ${senders.map(code).join(', ')})`;
    });
  return `Written by ${texts.join(', ')}.`;
}

function section(definition: EventDefinition, about: About): string {
  const { projections, sagas, samples } = about;
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
    writersOf(type, about),
    [
      read.length === 0 ? '' : `Read by the read models ${read.join(', ')}.`,
      follow.length === 0 ? '' : `Moves the sagas ${follow.join(', ')}.`,
      read.length + follow.length === 0 ? 'Nobody listens: its own aggregate reads it.' : '',
    ]
      .filter((text) => text !== '')
      .join(' '),
    ...(sample === undefined
      ? []
      : [`<details><summary>A stored one</summary>\n\n${json(sample.data)}\n\n</details>`]),
  ].join('\n\n');
}
