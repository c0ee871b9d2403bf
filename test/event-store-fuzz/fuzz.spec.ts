import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../embedded/demo/client/wait.ts';
import { type EventStoreNode, startEventStoreNode } from '../../embedded/event-store/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startGoodClient } from './good-client.ts';
import { optionsFrom } from './options.ts';
import { randomFrom } from './random.ts';
import { createTally, shoot } from './shooting.ts';
import { kinds } from './shots/index.ts';

const SHOTS = 300;

let database: TestDatabase;
let node: EventStoreNode;

beforeAll(async () => {
  database = await createTestDatabase();
  node = await startEventStoreNode({ databaseUrl: database.url });
});
afterAll(async () => {
  await node?.stop();
  await database?.drop();
});

test('some hundred hostile requests: no fault, nothing is left open, and a client beside them is served', async () => {
  const tally = createTally();
  const good = startGoodClient(node.host, node.port);
  await shoot(node, randomFrom(1), {
    lanes: 8,
    heavy: false,
    tally,
    more: (begun) => begun < SHOTS,
  });
  await good.finish();
  expect([...tally.faults, ...good.faults]).toEqual([]);
  expect(tally.shots).toBe(SHOTS);
  const usual = Object.entries(kinds).filter(([, kind]) => !kind.heavy && kind.weight > 1);
  expect([...tally.outcomes.keys()]).toEqual(expect.arrayContaining(usual.map(([name]) => name)));
  expect(good.figures().appends).toBeGreaterThan(0);
  // The official client ends its calls, but cannot close its channel.
  const alone = { connections: 1, calls: 0, followers: 0 };
  await until(
    'nothing is open',
    async () => node.open(),
    (open) => open.connections === 1 && open.calls === 0,
  );
  expect(node.open()).toEqual(alone);
});

test('the same seed draws the same, and each part draws for itself', () => {
  const drawn = (seed: number, part: number) => {
    const random = randomFrom(seed).part(part);
    return [random.int(1_000_000), random.uuid(), random.bytes(8).toString('hex')];
  };
  expect(drawn(7, 3)).toEqual(drawn(7, 3));
  expect(drawn(7, 3)).not.toEqual(drawn(7, 4));
  expect(drawn(7, 3)).not.toEqual(drawn(8, 3));
});

test('the command line says what is wrong with it', () => {
  expect(optionsFrom(['--minutes', '0.5', '--seed', '7'])).toMatchObject({ minutes: 0.5, seed: 7 });
  expect(optionsFrom(['--minutes', 'x'])).toContain('minutes');
  expect(optionsFrom(['--frobnicate'])).toContain('frobnicate');
});
