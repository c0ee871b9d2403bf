import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import streams, { type BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventMetadata } from '../../../domain/_kernel/event.ts';
import { batchAppendRequest } from './request.ts';

/** The client's own code, on a connection that keeps what is written to it. */
async function byTheClient(
  stream: string,
  expectedRevision: number,
  events: readonly ReturnType<typeof jsonEvent>[],
  deadline: number,
): Promise<BatchAppendReq[]> {
  const written: BatchAppendReq[] = [];
  const { promise, resolve } = Promise.withResolvers<BatchAppendReq[]>();
  const connection = {
    once: () => connection,
    removeListener: () => connection,
    write(request: BatchAppendReq) {
      written.push(request);
      if (request.getIsFinal()) resolve(written);
      return true;
    },
  };
  const client = {
    supports: async () => true,
    GRPCStreamCreator: () => async () => connection,
    createDeadline: () => new Date(deadline),
  };
  // Nobody answers: only what is asked counts.
  void EventStoreDBClient.prototype.appendToStream.call(
    Object.setPrototypeOf(client, EventStoreDBClient.prototype),
    stream,
    [...events],
    { expectedRevision: expectedRevision < 0 ? NO_STREAM : BigInt(expectedRevision) },
  );
  return promise;
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const json = fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 });
const instant = fc.constant('2026-05-01T08:00:00.000Z');
const metadata: fc.Arbitrary<EventMetadata> = fc.record({
  commandId: fc.uuid(),
  inputHash: text,
  $correlationId: fc.uuid(),
  $causationId: fc.uuid(),
  actor: fc.record({ kind: fc.constant('person' as const), id: text }),
  occurredAt: instant,
  recordedAt: instant,
  schemaVersion: fc.integer({ min: 1, max: 9 }),
});
const event = fc.record({ id: fc.uuid(), type: text, data: json, metadata });

test('an append is asked for in the very bytes of the official client', async () => {
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
      fc.array(event, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 4_102_444_800_000 }),
      async (stream, expectedRevision, events, deadline) => {
        const bytes = events.map((each) => {
          const encoded = Buffer.from(JSON.stringify(each.metadata), 'utf8');
          return jsonEvent({ ...each, metadata: new Uint8Array(encoded) });
        });
        const [request] = await byTheClient(stream, expectedRevision, bytes, deadline);
        const correlationId = request?.getCorrelationId()?.getString() ?? '';
        const ours = batchAppendRequest({
          ...{ correlationId, stream, expectedRevision, deadline, events },
        });
        expect(ours.toString('hex')).toBe(
          Buffer.from(request?.serializeBinary() ?? []).toString('hex'),
        );
      },
    ),
  );
});

test('events that are far larger than their number of characters fit', () => {
  const data = { text: '🐾'.repeat(5000) };
  const events = fc.sample(event, 3).map((each) => ({ ...each, data }));
  const request = batchAppendRequest({
    ...{ correlationId: crypto.randomUUID(), stream: 'activity-1', expectedRevision: 3 },
    ...{ deadline: 1, events },
  });
  const [read] = streams.BatchAppendReq.deserializeBinary(request).getProposedMessagesList();
  expect(JSON.parse(Buffer.from(read?.getData_asU8() ?? []).toString('utf8'))).toEqual(data);
});
