import { END, type Position, START } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { happened, newStream, openTarget, read, several, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const positionsFrom = async (from: Position, maxCount: number, backwards = false) => {
  const direction = backwards ? 'backwards' : 'forwards';
  const events = await read(target.client.readAll({ fromPosition: from, maxCount, direction }));
  return events.map((one) => one.event?.position?.commit);
};

test('$all is not empty on a fresh node', async () => {
  expect((await read(target.client.readAll({ maxCount: 1 }))).length).toBe(1);
});

test('positions follow the order of the commits over all streams', async () => {
  const { client } = target;
  const [one, two] = [newStream(), newStream()];
  const positions: (bigint | undefined)[] = [];
  for (let n = 0; n < 6; n++) {
    const answer = await client.appendToStream(n % 2 === 0 ? one : two, happened(n));
    positions.push(answer.position?.commit);
  }
  const newest = await read(
    client.readAll({ direction: 'backwards', fromPosition: END, maxCount: 6 }),
  );
  expect(newest.map((event) => event.event?.data)).toEqual([5, 4, 3, 2, 1, 0].map((n) => ({ n })));
  expect(newest.map((event) => event.commitPosition)).toEqual([...positions].reverse());
});

test('forwards includes its position, backwards begins before it', async () => {
  const stream = newStream();
  const found = [];
  for (const event of several(5)) {
    found.push((await target.client.appendToStream(stream, event)).position);
  }
  const [p0, p1, p2, p3, p4] = found;
  if (!p0 || !p1 || !p2 || !p3 || !p4) throw new Error('no positions');
  expect(await positionsFrom(p2, 3)).toEqual([p2.commit, p3.commit, p4.commit]);
  expect(await positionsFrom(p2, 2, true)).toEqual([p1.commit, p0.commit]);
});

test('nothing lies before the start or behind the end', async () => {
  expect(
    await read(target.client.readAll({ direction: 'backwards', fromPosition: START })),
  ).toEqual([]);
  expect(await read(target.client.readAll({ direction: 'forwards', fromPosition: END }))).toEqual(
    [],
  );
});

test('from start to end everything comes once, in order', async () => {
  const stream = newStream();
  await target.client.appendToStream(stream, several(1_500));
  const all = await read(target.client.readAll());
  const positions = all.map((event) => event.commitPosition ?? 0n);
  expect(positions.every((at, index) => index === 0 || at > (positions[index - 1] ?? 0n))).toBe(
    true,
  );
  expect(all.filter((event) => event.event?.streamId === stream)).toHaveLength(1_500);
});
