/** Requests of the protocol, field by field (streams.proto and shared.proto of EventStoreDB). */
import { EMPTY, field, message } from './protobuf.ts';
import type { Random } from './random.ts';

const service = '/event_store.client.streams.Streams';
export const paths = {
  read: `${service}/Read`,
  append: `${service}/Append`,
  batch: `${service}/BatchAppend`,
  delete: `${service}/Delete`,
  tombstone: `${service}/Tombstone`,
  gossip: '/event_store.client.gossip.Gossip/Read',
  features: '/event_store.client.server_features.ServerFeatures/GetSupportedMethods',
} as const;

type Bytes = string | Uint8Array;

const identifier = (stream: Bytes): Buffer => field(3, stream);
const uuid = (text: string): Buffer => field(2, text);

export type Expected = 'any' | 'no_stream' | 'stream_exists' | bigint | 'none';
const EXPECTED_FIELD = { no_stream: 3, any: 4, stream_exists: 5 } as const;
const expectedField = (expected: Expected): Buffer | undefined => {
  if (expected === 'none') return undefined;
  return typeof expected === 'bigint' ? field(2, expected) : field(EXPECTED_FIELD[expected], EMPTY);
};

export type EventWish = {
  readonly id?: string | undefined;
  readonly type?: Bytes | undefined;
  readonly contentType?: Bytes | undefined;
  readonly data?: Bytes;
  readonly metadata?: Bytes;
};

const property = (key: string, value: Bytes | undefined): Buffer | undefined =>
  value === undefined ? undefined : field(2, message(field(1, key), field(2, value)));

/** A ProposedMessage of either kind of append. */
export const event = (random: Random, wish: EventWish = {}): Buffer => {
  const { id = random.uuid(), data = '{}', metadata } = wish;
  const type = 'type' in wish ? wish.type : 'fuzzed';
  const contentType = 'contentType' in wish ? wish.contentType : 'application/json';
  return message(
    id === '' ? undefined : field(1, uuid(id)),
    property('type', type),
    property('content-type', contentType),
    metadata === undefined ? undefined : field(3, metadata),
    field(4, data),
  );
};

export type AppendTarget = { readonly stream?: Bytes; readonly expected?: Expected };
export const appendOptions = ({ stream, expected = 'any' }: AppendTarget): Buffer =>
  field(
    1,
    message(
      stream === undefined ? undefined : field(1, identifier(stream)),
      expectedField(expected),
    ),
  );
export const appendEvent = (proposed: Buffer): Buffer => field(2, proposed);

export type BatchWish = AppendTarget & {
  /** As it is sent; undefined leaves it out. */
  readonly correlation: string | undefined;
  readonly options?: boolean;
  readonly final?: boolean;
  readonly events?: readonly Buffer[];
  /** Bytes of fields 6 and 7 of the options: deadlines. */
  readonly deadline?: Buffer;
};

export const batchFrame = (wish: BatchWish): Buffer => {
  const { correlation, stream, expected = 'any', final = true, events = [], options = true } = wish;
  return message(
    correlation === undefined ? undefined : field(1, uuid(correlation)),
    options
      ? field(
          2,
          message(
            stream === undefined ? undefined : field(1, identifier(stream)),
            expectedField(expected),
            wish.deadline,
          ),
        )
      : undefined,
    ...events.map((proposed) => field(3, proposed)),
    final ? field(4, true) : undefined,
  );
};

export const deletion = ({ stream, expected = 'any' }: AppendTarget): Buffer =>
  appendOptions(stream === undefined ? { expected } : { stream, expected });

export type ReadWish = {
  readonly stream?: Bytes;
  /** Of a stream a revision, of $all a position. */
  readonly from?: 'start' | 'end' | bigint;
  readonly backwards?: boolean;
  readonly links?: boolean;
  /** A subscription, when there is none. */
  readonly count?: bigint | undefined;
  readonly filter?: Buffer;
};

/** Numbers of the fields: where a stream begins and ends, where $all does. */
const BOUNDS = { stream: { start: 3, end: 4 }, all: { start: 2, end: 3 } } as const;

const placeOf = ({ stream, from = 'start' }: ReadWish): Buffer => {
  const bounds = stream === undefined ? BOUNDS.all : BOUNDS.stream;
  const bound = typeof from === 'bigint' ? undefined : field(bounds[from], EMPTY);
  if (stream !== undefined) {
    return field(1, message(field(1, identifier(stream)), bound ?? field(2, BigInt(from))));
  }
  return field(2, bound ?? field(1, message(field(1, BigInt(from)), field(2, BigInt(from)))));
};

export const readRequest = (wish: ReadWish): Buffer =>
  field(
    1,
    message(
      placeOf(wish),
      wish.backwards ? field(3, 1) : undefined,
      wish.links ? field(4, true) : undefined,
      wish.count === undefined ? field(6, EMPTY) : field(5, wish.count),
      wish.filter === undefined ? field(8, EMPTY) : field(7, wish.filter),
      field(9, field(2, EMPTY)),
    ),
  );

export type FilterWish = {
  readonly on: 'stream' | 'type';
  readonly regex?: Bytes;
  readonly prefixes?: readonly Bytes[];
  readonly window?: bigint;
  readonly multiplier?: bigint;
};

export const filterOf = (wish: FilterWish): Buffer => {
  const { on, regex, prefixes = [], window = 32n, multiplier = 1n } = wish;
  const expression = message(
    regex === undefined ? undefined : field(1, regex),
    ...prefixes.map((prefix) => field(2, prefix)),
  );
  return message(
    field(on === 'stream' ? 1 : 2, expression),
    field(3, window),
    field(5, multiplier),
  );
};
