import streams from '@eventstore/db-client/generated/streams_pb.js';
import { expect, test } from 'vitest';
import {
  batchFrame,
  classicEvent,
  classicHeader,
  filterOf,
  proposed,
  readRequest,
} from '../../../test/event-store/frames.ts';
import { checked, checkShape, MalformedRequestError, shapes } from './shape.ts';

const bytes = (...parts: readonly (number | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part)));
/** 2^31 - 1 as a varint. */
const HUGE = Buffer.from('ffffffff07', 'hex');
const ENDLESS = Buffer.alloc(11, 0xff);

test('what the client sends passes', () => {
  const batch = batchFrame({
    id: crypto.randomUUID(),
    stream: 's',
    expected: 3n,
    events: [proposed(), proposed({ data: Buffer.alloc(100_000, 0xff) })],
  });
  checkShape(batch.serializeBinary(), shapes.batchAppend);
  checkShape(classicHeader('s').serializeBinary(), shapes.append);
  checkShape(classicEvent().serializeBinary(), shapes.append);
  const filter = filterOf('stream', { prefixes: ['a', 'b'] });
  for (const wishes of [{ stream: 's', from: 7n }, { from: 7n }, { subscribe: true, filter }]) {
    checkShape(readRequest(wishes).serializeBinary(), shapes.read);
  }
  checkShape(Buffer.alloc(0), shapes.empty);
});

const malformed: readonly (readonly [string, Buffer])[] = [
  ['a message longer than its bytes', bytes(0x0a, HUGE)],
  ['a text longer than its bytes', bytes(0x3a, HUGE)],
  ['a nested message longer than its parent', bytes(0x12, 3, 0x0a, 9, 0)],
  ['a nested message longer than everything', bytes(0x12, 6, 0x0a, HUGE)],
  ['a number that does not end', bytes(0x20, ENDLESS)],
  ['a tag that does not end', ENDLESS],
  ['a nested number that does not end', bytes(0x12, 13, 0x3a, 11, ENDLESS)],
  ['a number where a message belongs', bytes(0x08, 1)],
  ['a group', bytes(0x2b, 0x2c)],
  ['an unknown wire type', bytes(0x27)],
  ['eight bytes that are four', bytes(0x29, 1, 2, 3, 4)],
];
test.each(malformed)('%s is malformed', (_what, body) => {
  expect(() => checkShape(body, shapes.batchAppend)).toThrow(MalformedRequestError);
});

test('what would become so many objects is not parsed', () => {
  const parse = checked(() => {
    throw new Error('it was parsed');
  }, shapes.batchAppend);
  const emptyEvents = Buffer.alloc(4_000_000, Buffer.from([0x1a, 0]));
  expect(() => parse(emptyEvents)).toThrow('fields');
});

test('a request that is never large has an end', () => {
  const parse = checked(streams.ReadReq.deserializeBinary, shapes.read, 10);
  const request = Buffer.from(readRequest({ stream: 's' }).serializeBinary());
  expect(() => parse(request)).toThrow('at most 10 bytes');
  expect(() => parse(Buffer.alloc(0))).not.toThrow();
});
