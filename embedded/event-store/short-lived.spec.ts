import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { createOpenCalls } from './grpc/calls.ts';
import { singleReply } from './grpc/single.ts';
import { adaptivePage } from './read/paging.ts';
import { createPending } from './write/queue.ts';

/** What the node makes anew for each append, call or read. */
const makers: Record<string, () => object> = {
  'an append that waits': () =>
    createPending({ kind: 'delete', stream: 's', expected: 'any' }, 0, () => undefined),
  'a call with one answer': () =>
    singleReply(createOpenCalls(), new EventEmitter(), () => undefined),
  'the page of a reader': () => adaptivePage(),
};

// V8 makes the pair of an accessor an old object at once. It keeps what the getter sees until old objects
// are collected, so whatever has a getter of its own outlives its use by that long.
test.each(Object.entries(makers))('%s has fields and no getters', (_, make) => {
  const described = Object.entries(Object.getOwnPropertyDescriptors(make()));
  expect(described.filter(([, { get, set }]) => get !== undefined || set !== undefined)).toEqual(
    [],
  );
});
