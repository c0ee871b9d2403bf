import { z } from 'zod';
import type { Catalogue } from '../../domain/_kernel/catalogue.ts';
import type { EventDefinition } from '../../domain/_kernel/event.ts';
import { metadataSchema } from '../../domain/_kernel/event.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';

/** Why an envelope carries no data. */
export type Omission = 'undecodable' | 'too-large';

/**
 * A CloudEvents 1.0 event in the JSON format, structured mode. Extension names are lower case, and
 * the ordinal is text: an Integer of CloudEvents ends at 2^31.
 */
export type CloudEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  /** `urn:pawprint:<installation>`: the log. Source and id together are unique. */
  readonly source: string;
  readonly type: string;
  /** The stream of the event. */
  readonly subject: string;
  /** When it happened in the world. */
  readonly time?: string;
  readonly datacontenttype?: 'application/json';
  /** Type and version of the data's schema, as the event catalogue names them. */
  readonly dataschema?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly ordinal: string;
  /** The event's number in its stream, from 0. */
  readonly revision: number;
  readonly recordedtime?: string;
  readonly correlationid?: string;
  readonly causationid?: string;
  readonly traceparent?: string;
  readonly dataomitted?: Omission;
};

export const sourceOf = (logId: string): string => `urn:pawprint:${logId}`;

const categoryOf = (stream: string): string => stream.split('-', 1)[0] ?? stream;

/** One part of a NATS subject. Types of our catalogue are fine as they are; a foreign one may not be. */
const token = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]/g, '_') || '_';

export const SUBJECT_ROOT = 'pawprint.events';

/** `pawprint.events.<category>.<EventType>` */
export const subjectOf = ({ stream, type }: Pick<DeliveredEvent, 'stream' | 'type'>): string =>
  `${SUBJECT_ROOT}.${token(categoryOf(stream))}.${token(type)}`;

/**
 * What of an event's data may leave: everything but the fields that the catalogue marks as personal,
 * and nothing of an event that it does not know.
 */
function publicData(
  definition: EventDefinition,
  data: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return definition.personal.reduce((kept, { path }) => without(kept, path), data);
}

function without(
  data: Readonly<Record<string, unknown>>,
  [head, ...rest]: readonly string[],
): Readonly<Record<string, unknown>> {
  if (head === undefined || !(head in data)) return data;
  const { [head]: value, ...others } = data;
  if (rest.length === 0 || typeof value !== 'object' || value === null) return others;
  return { ...others, [head]: without(value as Record<string, unknown>, rest) };
}

/**
 * The envelope of an event. One that this release cannot decode goes out without its data, so that
 * nobody misses that something happened, and nothing leaves that nobody looked at.
 */
export function cloudEventOf(
  event: DeliveredEvent,
  catalogue: Catalogue,
  logId: string,
): CloudEvent {
  const definition = catalogue.types.get(event.type);
  const readable = event.poison === null && definition !== undefined;
  return {
    specversion: '1.0',
    id: event.id,
    source: sourceOf(logId),
    type: `pawprint.${categoryOf(event.stream)}.${event.type}`,
    subject: event.stream,
    ...attributesOf(event.metadata),
    ordinal: String(event.ordinal),
    revision: event.revision,
    ...(readable
      ? {
          datacontenttype: 'application/json',
          dataschema: `urn:pawprint:event:${event.type}:${definition.version}`,
          data: publicData(definition, event.data as Readonly<Record<string, unknown>>),
        }
      : { dataomitted: 'undecodable' }),
  };
}

/** What the metadata says; of an undecodable event it may be anything. */
function attributesOf(metadata: unknown) {
  const known = metadataSchema.safeParse(metadata);
  if (!known.success) return {};
  const { occurredAt, recordedAt, $correlationId, $causationId, traceparent } = known.data;
  return {
    time: occurredAt,
    recordedtime: recordedAt,
    correlationid: $correlationId,
    causationid: $causationId,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** The same envelope without data: it does not fit into a message of the broker. */
export function withoutData(envelope: CloudEvent): CloudEvent {
  const { data: _data, datacontenttype: _type, dataschema: _schema, ...rest } = envelope;
  return { ...rest, dataomitted: 'too-large' };
}

/** What a relay needs of an envelope that stands on the bus, to go on behind it. */
const relayedSchema = z.looseObject({
  id: z.string(),
  source: z.string(),
  subject: z.string(),
  ordinal: z.string().regex(/^\d{1,15}$/),
  revision: z.int().min(0),
});

export type Relayed = {
  readonly id: string;
  readonly source: string;
  readonly stream: string;
  readonly ordinal: number;
  readonly revision: number;
};

/** Reads an envelope of ours; null: the message is somebody else's. */
export function relayedFrom(body: Uint8Array): Relayed | null {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    // Not JSON, so not ours.
    return null;
  }
  const parsed = relayedSchema.safeParse(json);
  if (!parsed.success) return null;
  const { id, source, subject, ordinal, revision } = parsed.data;
  return { id, source, stream: subject, ordinal: Number(ordinal), revision };
}
