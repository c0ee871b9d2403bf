import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { expect, test } from 'vitest';
import { deletionFrom } from './delete.ts';

const request = (stream: string) => {
  const name = new shared.StreamIdentifier().setStreamName(Buffer.from(stream).toString('base64'));
  return new streams.DeleteReq().setOptions(
    new streams.DeleteReq.Options().setStreamIdentifier(name).setAny(new shared.Empty()),
  );
};

test('a deletion that can be understood', () => {
  const stream = 'seating-1';
  const expected = { kind: 'tombstone', stream, expected: 'any' };
  expect(deletionFrom('tombstone', request(stream))).toEqual(expected);
});

test("what the caller got wrong is the caller's to hear", () => {
  const message = 'a stream name is required';
  expect(deletionFrom('delete', request(''))).toEqual({ kind: 'bad-request', message });
});

test('a mistake of ours is not put down to the caller', () => {
  const broken = request('seating-1');
  const options = broken.getOptions() ?? new streams.DeleteReq.Options();
  options.getStreamIdentifier = () => {
    throw new TypeError('a bug');
  };
  expect(() => deletionFrom('delete', broken)).toThrow(TypeError);
});
