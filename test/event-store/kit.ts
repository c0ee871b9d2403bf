/** What cases are made of: events, streams of their own, and how to ask. */
import { randomUUID } from 'node:crypto';
import {
  binaryEvent,
  type EventData,
  type EventStoreDBClient,
  type EventType,
  type JSONEventData,
  type JSONEventType,
  jsonEvent,
  type Position,
  type ResolvedEvent,
} from '@eventstore/db-client';

export type Happened = JSONEventType<'happened', { n: number }>;

export const newStream = (category = 'contract'): string => `${category}-${randomUUID()}`;
export const happened = (n = 0, id: string = randomUUID()): JSONEventData<Happened> =>
  jsonEvent<Happened>({ id, type: 'happened', data: { n } });
export const several = (count: number, from = 0): JSONEventData<Happened>[] =>
  Array.from({ length: count }, (_, index) => happened(from + index));
export const blob = (bytes: number): EventData =>
  binaryEvent({ type: 'blob', data: Buffer.alloc(bytes, 7) });
/** A link event; `target` is "number@stream". */
export const link = (target: string): EventData =>
  binaryEvent({ type: '$>', data: Buffer.from(target) });
/** Metadata as it stands, valid or not. */
export const rawMetadata = (text: string): EventData => ({
  ...jsonEvent({ type: '$metadata', data: {} }),
  contentType: 'application/octet-stream',
  data: Buffer.from(text),
});

export type Read = ResolvedEvent<EventType>;

export const read = async (reading: AsyncIterable<Read>): Promise<Read[]> => {
  const events: Read[] = [];
  for await (const event of reading) events.push(event);
  return events;
};

export const revisions = (events: readonly Read[]): (bigint | undefined)[] =>
  events.map((event) => event.event?.revision);

/** The `n` of each event of {@link happened}. */
export const numbers = (events: readonly Read[]): unknown[] =>
  events.map(({ event }) => {
    const data = event?.data;
    return typeof data === 'object' && data !== null && 'n' in data ? data.n : undefined;
  });

export const ofStream = (events: readonly Read[], stream: string): Read[] =>
  events.filter((one) => (one.link ?? one.event)?.streamId === stream);

/** Revisions from one to another, inclusive, up or down. */
export const range = (from: number, to: number): bigint[] => {
  const step = from <= to ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => BigInt(from + index * step));
};

export const increasing = (positions: readonly (bigint | undefined)[]): boolean =>
  positions.every((at, i) => i === 0 || (at ?? -1n) > (positions[i - 1] ?? 0n));

/** The position of an answer, which every write of the contract has. */
export const positionOf = (answer: { readonly position?: Position | undefined }): Position => {
  if (answer.position === undefined) throw new Error('the answer has no position');
  return answer.position;
};

/** A position before whatever a case writes next, so that it need not read the whole log. */
export const here = async (client: EventStoreDBClient): Promise<Position> =>
  positionOf(await client.appendToStream(newStream('here'), happened()));

/** How a call fails, as the client names it. */
export const failure = async (call: Promise<unknown>): Promise<Record<string, unknown>> => {
  try {
    await call;
  } catch (error) {
    if (typeof error === 'object' && error !== null) return { ...error };
    throw error;
  }
  throw new Error('the call should have failed');
};

// With credentials of its own a call takes the classic Append, without it goes over BatchAppend.
export const CLASSIC = { credentials: { username: 'admin', password: 'changeit' } } as const;
export const WAYS = [
  ['batch', {}],
  ['classic', CLASSIC],
] as const;
