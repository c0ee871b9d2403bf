import { expect, test } from 'vitest';
import { createFlow } from './flow.ts';

const fakeCall = () => {
  const call = {
    paused: false,
    writableLength: 0,
    pause() {
      call.paused = true;
      return call as never;
    },
    resume() {
      call.paused = false;
      return call as never;
    },
  };
  return call;
};

test('who sends more than can be written is not read until half of it is', () => {
  const call = fakeCall();
  const flow = createFlow(call);
  for (let n = 0; n < 4_095; n += 1) flow.submitted();
  expect(call.paused).toBe(false);
  flow.submitted();
  expect(call.paused).toBe(true);
  // Frames of one packet may still come.
  flow.submitted();
  for (let n = 0; n < 2_048; n += 1) flow.settled();
  expect(call.paused).toBe(true);
  flow.settled();
  expect([call.paused, flow.outstanding]).toEqual([false, 2_048]);
});

test('who does not read the answers is not read until they have gone out', async () => {
  const call = fakeCall();
  const flow = createFlow(call);
  const { promise: drained, resolve } = Promise.withResolvers<void>();
  flow.sent(drained);
  expect(call.paused).toBe(false);
  call.writableLength = 4_096;
  flow.sent(drained);
  expect(call.paused).toBe(true);
  for (let n = 0; n < 4_096; n += 1) flow.submitted();
  for (let n = 0; n < 4_096; n += 1) flow.settled();
  expect(call.paused).toBe(true);
  resolve();
  await drained;
  await Promise.resolve();
  expect(call.paused).toBe(false);
});
