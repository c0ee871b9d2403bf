import type { ResolvedEvent } from '@eventstore/db-client';
import {
  type Catalogue,
  decodeData,
  UndecodableEventError,
} from '../../domain/_kernel/catalogue.ts';
import type { DomainEvent, EventMetadata, StoredEvent } from '../../domain/_kernel/event.ts';
import { metadataSchema } from '../../domain/_kernel/event.ts';
import type { PersonalPath } from '../../domain/_kernel/personal.ts';
import { open, seal } from '../keys/cipher.ts';
import { KeyMissingError, type KeyRef, type KeyStore, keyName } from '../keys/index.ts';

/** An event ready to be stored: personal values sealed, everything else as decided. */
export type EncodedEvent = {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: EventMetadata;
};

/** An event as the domain decided it, with its id and metadata. */
export type EventToAppend = DomainEvent & { readonly id: string; readonly metadata: EventMetadata };

/** An event as the store gave it. */
export type RawEvent = {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: bigint;
  readonly type: string;
  readonly created: Date;
  readonly data: unknown;
  readonly metadata: unknown;
};

/** What stands in the log in place of a personal value. */
type SealedValue = { readonly $sealed: string };

type Json = Record<string, unknown>;

const isSealed = (value: unknown): value is SealedValue =>
  typeof value === 'object' &&
  value !== null &&
  '$sealed' in value &&
  typeof value.$sealed === 'string';

const associatedData = (stream: string, eventId: string, path: readonly string[]): string =>
  `${stream}|${eventId}|/${path.join('/')}`;

/** Applies `change` to the value at a path of a copy; leaves objects off the path as they are. */
function changeAt(data: Json, path: readonly string[], change: (value: unknown) => unknown): Json {
  const [head, ...rest] = path;
  if (head === undefined || !(head in data)) return data;
  const value = data[head];
  if (rest.length === 0) return { ...data, [head]: change(value) };
  if (typeof value !== 'object' || value === null) return data;
  return { ...data, [head]: changeAt(value as Json, rest, change) };
}

function refOf(data: Json, { mark }: PersonalPath): KeyRef {
  const subject = data[mark.subject];
  if (typeof subject !== 'string')
    throw new UndecodableEventError(`the person is not named in "${mark.subject}"`);
  return { subject, purpose: mark.purpose };
}

export type Codec = {
  encode(stream: string, event: EventToAppend): Promise<EncodedEvent>;
  /** Decodes many events with one question to the key store. A poison event is an error in its place. */
  decode(raw: readonly RawEvent[]): Promise<(StoredEvent | Error)[]>;
};

export function createCodec(catalogue: Catalogue, keys: KeyStore): Codec {
  const encode: Codec['encode'] = async (stream, event) => {
    const definition = catalogue.types.get(event.type);
    if (definition === undefined)
      throw new TypeError(`${event.type} is not in the catalogue: it cannot be stored`);
    // The last gate before the log: what does not fit its own schema is a bug of ours, not an event.
    let data = definition.schema.parse(event.data) as Json;
    for (const field of definition.personal) {
      const key = await keys.keyFor(refOf(data, field));
      const aad = associatedData(stream, event.id, field.path);
      data = changeAt(data, field.path, (value) =>
        value === null
          ? null
          : {
              $sealed: seal(key, Buffer.from(JSON.stringify(value), 'utf8'), aad).toString(
                'base64',
              ),
            },
      );
    }
    return {
      id: event.id,
      type: event.type,
      data,
      metadata: { ...event.metadata, schemaVersion: definition.version },
    };
  };

  const refsOf = (raw: RawEvent): KeyRef[] => {
    const definition = catalogue.types.get(raw.type);
    if (definition === undefined || definition.personal.length === 0) return [];
    try {
      return definition.personal.map((field) => refOf(raw.data as Json, field));
    } catch {
      // Told again, with its reason, when this very event is decoded below.
      return [];
    }
  };

  const decodeOne = (raw: RawEvent, dataKeys: ReadonlyMap<string, Buffer | null>): StoredEvent => {
    const metadata = metadataSchema.safeParse(raw.metadata);
    if (!metadata.success) {
      throw new UndecodableEventError(
        `metadata of ${raw.type}: ${metadata.error.issues[0]?.path.join('/')} is wrong`,
      );
    }
    let data = raw.data as Json;
    for (const field of catalogue.types.get(raw.type)?.personal ?? []) {
      const name = keyName(refOf(data, field));
      const key = dataKeys.get(name);
      data = changeAt(data, field.path, (value) => {
        if (!isSealed(value)) return value;
        if (key === undefined)
          throw new KeyMissingError(`there is no key for ${name}, and nobody destroyed it`);
        if (key === null) return null;
        const aad = associatedData(raw.stream, raw.id, field.path);
        return JSON.parse(
          open(key, Buffer.from(value.$sealed, 'base64'), aad).toString('utf8'),
        ) as unknown;
      });
    }
    return {
      id: raw.id,
      stream: raw.stream,
      revision: raw.revision,
      position: raw.position,
      type: raw.type,
      data: decodeData(catalogue, raw.type, metadata.data.schemaVersion, data),
      metadata: metadata.data as EventMetadata,
    };
  };

  return {
    encode,
    decode: async (raws) => {
      const dataKeys = await keys.keysFor(raws.flatMap(refsOf));
      return raws.map((raw) => {
        try {
          return decodeOne(raw, dataKeys);
        } catch (error) {
          return error instanceof Error ? error : new Error(String(error));
        }
      });
    },
  };
}

/** The client's event in our shape; null for what has no event (a link whose target is gone). */
export function rawEventOf(resolved: Pick<ResolvedEvent, 'event'>): RawEvent | null {
  const { event } = resolved;
  if (event === undefined) return null;
  return {
    id: event.id,
    stream: event.streamId,
    revision: Number(event.revision),
    position: event.position?.commit ?? -1n,
    type: event.type,
    created: event.created,
    data: event.data,
    metadata: event.metadata,
  };
}
