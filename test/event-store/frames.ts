/**
 * Frames by hand, for the rules that the client itself can never break or never shows: malformed and
 * unordered frames, deadlines, correlation ids, trailers. Built with the service definitions that
 * ship with `@eventstore/db-client`, sent with grpc-js.
 */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  type ChannelCredentials,
  type Client,
  credentials,
  type ServiceError,
} from '@grpc/grpc-js';

export const addressOf = (url: string): string => new URL(url.replace('esdb:', 'http:')).host;

/** A service client for as long as `use` takes. */
export const withClient = async <C extends Client, T>(
  make: new (address: string, channel: ChannelCredentials) => C,
  url: string,
  use: (client: C) => Promise<T>,
): Promise<T> => {
  const client = new make(addressOf(url), credentials.createInsecure());
  try {
    return await use(client);
  } finally {
    client.close();
  }
};
export const withStreams = <T>(
  url: string,
  use: (client: streamsService.StreamsClient) => Promise<T>,
): Promise<T> => withClient(streamsService.StreamsClient, url, use);

export const uuid = (text: string = randomUUID()): sharedMessages.UUID =>
  new sharedMessages.UUID().setString(text);
export const empty = (): sharedMessages.Empty => new sharedMessages.Empty();
export const identifier = (stream: string): sharedMessages.StreamIdentifier =>
  new sharedMessages.StreamIdentifier().setStreamName(Buffer.from(stream).toString('base64'));
export const nameOf = (stream: sharedMessages.StreamIdentifier | undefined): string =>
  Buffer.from(stream?.getStreamName_asU8() ?? []).toString();

const JSON_TYPE = { type: 't', 'content-type': 'application/json' };
type Properties = Readonly<Record<string, string>>;
type Proposal = { readonly id?: string; readonly properties?: Properties; readonly data?: Buffer };

const fill = <M extends streams.AppendReq.ProposedMessage | streams.BatchAppendReq.ProposedMessage>(
  message: M,
  { id = randomUUID(), properties = JSON_TYPE, data = Buffer.from('{}') }: Proposal,
): M => {
  if (id !== '') message.setId(uuid(id));
  for (const [key, value] of Object.entries(properties)) message.getMetadataMap().set(key, value);
  message.setData(data.toString('base64'));
  return message;
};

export const proposed = (proposal: Proposal = {}): streams.BatchAppendReq.ProposedMessage =>
  fill(new streams.BatchAppendReq.ProposedMessage(), proposal);

export type BatchFrame = {
  readonly id: string;
  /** Absent in all frames of an append but the first. */
  readonly stream?: string;
  readonly expected?: 'any' | 'no_stream' | 'stream_exists' | bigint;
  /** `none` sends no deadline at all. */
  readonly deadlineMs?: number | 'none';
  readonly final?: boolean;
  readonly events?: readonly streams.BatchAppendReq.ProposedMessage[];
};

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];

/** An absolute time in field 6, as client 6.2.1 sends it. */
const deadline = (fromNowMs: number): Buffer => {
  const at = Date.now() + fromNowMs;
  const nanos = (((at % 1_000) + 1_000) % 1_000) * 1_000_000;
  const inner = [0x08, ...varint(Math.floor(at / 1_000)), 0x10, ...varint(nanos)];
  return Buffer.from([0x32, inner.length, ...inner]);
};
// google.protobuf.Empty in fields 3 to 5: the generated setters want another package's class.
const EXPECTED = { no_stream: [0x1a, 0], any: [0x22, 0], stream_exists: [0x2a, 0] } as const;

export const batchFrame = (wished: BatchFrame): streams.BatchAppendReq => {
  const { id, stream, expected = 'any', deadlineMs = 10_000, final = true } = wished;
  const request = new streams.BatchAppendReq();
  request.setCorrelationId(uuid(id));
  request.setIsFinal(final);
  request.setProposedMessagesList([...(wished.events ?? [proposed()])]);
  if (stream === undefined) return request;
  const options = new streams.BatchAppendReq.Options();
  options.setStreamIdentifier(identifier(stream));
  if (typeof expected === 'bigint') options.setStreamPosition(expected.toString());
  const parts = [
    Buffer.from(options.serializeBinary()),
    Buffer.from(typeof expected === 'bigint' ? [] : EXPECTED[expected]),
    deadlineMs === 'none' ? Buffer.alloc(0) : deadline(deadlineMs),
  ];
  request.setOptions(
    streams.BatchAppendReq.Options.deserializeBinary(Uint8Array.from(Buffer.concat(parts))),
  );
  return request;
};

/** Sends frames, half-closes, and gathers every answer until the server ends the stream. */
export const batch = (url: string, frames: readonly streams.BatchAppendReq[]) =>
  withStreams(url, async (client) => {
    const call = client.batchAppend();
    const answers: streams.BatchAppendResp[] = [];
    call.on('data', (answer: streams.BatchAppendResp) => answers.push(answer));
    for (const frame of frames) call.write(frame);
    call.end();
    await once(call, 'end');
    return answers;
  });

export const idOf = (answer: streams.BatchAppendResp): string =>
  answer.getCorrelationId()?.getString() ?? '';
/** The kind of a failure: the last word of the type of its detail. */
export const kindOf = (answer: streams.BatchAppendResp | undefined): string | undefined =>
  answer?.getError()?.getDetails()?.getTypeName().split('.').at(-1);

type Answer<T> = { readonly error: ServiceError | null; readonly answer: T | undefined };

/** A classic append; without `end` the client never finishes it. */
export const classic = (url: string, parts: readonly streams.AppendReq[], { end = true } = {}) =>
  withStreams(
    url,
    (client) =>
      new Promise<Answer<streams.AppendResp>>((resolve) => {
        const call = client.append((error, answer) => resolve({ error, answer }));
        // The callback has it too.
        call.on('error', () => undefined);
        for (const part of parts) call.write(part);
        if (end) call.end();
      }),
  );
export const classicHeader = (stream: string): streams.AppendReq => {
  const options = new streams.AppendReq.Options();
  options.setStreamIdentifier(identifier(stream));
  options.setAny(empty());
  return new streams.AppendReq().setOptions(options);
};
export const classicEvent = (proposal: Proposal = {}): streams.AppendReq =>
  new streams.AppendReq().setProposedMessage(
    fill(new streams.AppendReq.ProposedMessage(), proposal),
  );

export type ReadWishes = {
  readonly stream?: string;
  readonly from?: 'start' | bigint;
  readonly count?: number;
  readonly subscribe?: boolean;
  readonly backwards?: boolean;
  readonly uuids?: 'text' | 'numbers' | 'none';
  readonly filter?: streams.ReadReq.Options.FilterOptions;
};

const placeOf = ({ stream, from = 'start' }: ReadWishes, options: streams.ReadReq.Options) => {
  if (stream !== undefined) {
    const place = new streams.ReadReq.Options.StreamOptions();
    place.setStreamIdentifier(identifier(stream));
    if (from === 'start') place.setStart(empty());
    else place.setRevision(from.toString());
    options.setStream(place);
    return;
  }
  const place = new streams.ReadReq.Options.AllOptions();
  const position = new streams.ReadReq.Options.Position();
  if (from === 'start') place.setStart(empty());
  else {
    place.setPosition(
      position.setCommitPosition(from.toString()).setPreparePosition(from.toString()),
    );
  }
  options.setAll(place);
};

export const readRequest = (wishes: ReadWishes): streams.ReadReq => {
  const options = new streams.ReadReq.Options();
  placeOf(wishes, options);
  const form = new streams.ReadReq.Options.UUIDOption();
  if (wishes.uuids === 'numbers') form.setStructured(empty());
  else form.setString(empty());
  if (wishes.uuids !== 'none') options.setUuidOption(form);
  options.setReadDirection(wishes.backwards ? 1 : 0);
  if (wishes.subscribe) options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
  else options.setCount(String(wishes.count ?? 1_000_000));
  if (wishes.filter === undefined) options.setNoFilter(empty());
  else options.setFilter(wishes.filter);
  return new streams.ReadReq().setOptions(options);
};

export const filterOf = (
  on: 'stream' | 'type',
  {
    regex = '',
    prefixes = [],
    window = 32,
  }: { regex?: string; prefixes?: string[]; window?: number },
): streams.ReadReq.Options.FilterOptions => {
  const expression = new streams.ReadReq.Options.FilterOptions.Expression();
  expression.setRegex(regex);
  expression.setPrefixList(prefixes);
  const filter = new streams.ReadReq.Options.FilterOptions();
  if (on === 'stream') filter.setStreamIdentifier(expression);
  else filter.setEventType(expression);
  filter.setMax(window);
  filter.setCheckpointintervalmultiplier(1);
  return filter;
};

/** Everything a read says until it ends, or until `enough`; then it is cancelled. */
export const readFrames = (
  url: string,
  request: streams.ReadReq,
  enough: (got: readonly streams.ReadResp[]) => boolean = () => false,
) =>
  withStreams(
    url,
    (client) =>
      new Promise<{ got: streams.ReadResp[]; error: ServiceError | undefined }>((resolve) => {
        const got: streams.ReadResp[] = [];
        const call = client.read(request);
        call.on('data', (message: streams.ReadResp) => {
          got.push(message);
          if (!enough(got)) return;
          resolve({ got, error: undefined });
          call.cancel();
        });
        call.on('error', (error: ServiceError) => resolve({ got, error }));
        call.on('end', () => resolve({ got, error: undefined }));
      }),
  );
