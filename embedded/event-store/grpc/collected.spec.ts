import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { expect, test } from 'vitest';
import { proposed } from '../../../test/event-store/frames.ts';
import { MAX_APPEND_SIZE, MAX_APPEND_WEIGHT } from '../core/model.ts';
import { collect, nothingYet } from './collected.ts';

const withMetadata = (bytes: number): streams.BatchAppendReq.ProposedMessage => {
  const message = proposed({ data: Buffer.alloc(0) });
  message.setCustomMetadata(Buffer.alloc(bytes));
  return message;
};

test('a mebibyte of data is taken, a byte more is not', () => {
  const collected = nothingYet();
  const half = proposed({ data: Buffer.alloc(MAX_APPEND_SIZE / 2) });
  expect(collect(collected, [half, half])).toBeUndefined();
  expect(collect(collected, [proposed({ data: Buffer.alloc(1) })])).toEqual({
    kind: 'too-large',
    maximum: MAX_APPEND_SIZE,
  });
});

test('metadata has an end as well', () => {
  const collected = nothingYet();
  const parts = Array.from({ length: 15 }, () => withMetadata(1024 * 1024));
  expect(collect(collected, parts)).toBeUndefined();
  expect(collect(collected, [withMetadata(1024 * 1024)])).toEqual({
    kind: 'too-large',
    maximum: MAX_APPEND_WEIGHT,
  });
});

test('so have events that have nothing in them', () => {
  const empty = withMetadata(0);
  const many = Array.from({ length: 70_000 }, () => empty);
  expect(collect(nothingYet(), many)).toMatchObject({ maximum: MAX_APPEND_WEIGHT });
});
