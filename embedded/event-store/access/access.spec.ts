import { expect, test } from 'vitest';
import type { User } from '../core/access.ts';
import type { RecordedEvent } from '../core/model.ts';
import { createHub } from '../live/hub.ts';
import { createAccess } from './index.ts';

const zoe: User = { name: 'zoe', groups: [] };
const admin: User = { name: 'eve', groups: ['$admins'] };

const event = (position: bigint, stream: string, data: object): RecordedEvent => ({
  ...{ position, stream, revision: 0n, id: `${position}`, type: '$metadata', json: true },
  ...{ created: 0n, data: Buffer.from(JSON.stringify(data)), metadata: Buffer.alloc(0) },
});

/** A log in which every stream has this list, and which counts what it is asked. */
const open = async (log: { list?: object; away?: boolean } = {}, capacity = 10) => {
  const asked: string[] = [];
  const ask = async <T>(stream: string, answer: T): Promise<T> => {
    asked.push(stream);
    if (log.away) throw new Error('Postgres is away');
    return answer;
  };
  const metadata = log.list && Buffer.from(JSON.stringify({ $acl: log.list }));
  const hub = createHub(0n);
  const access = await createAccess({
    ...{ accounts: [], hub, capacity, patienceMs: 10 },
    reader: {
      streamHead: (stream) => ask(stream, { last: 0n, metadata }),
      streamPage: ({ stream }) => ask(stream, []),
    },
  });
  return { access, hub, asked };
};

test('an administrator and nobody are decided without a look at the log', async () => {
  const { access, asked } = await open({ list: { $r: [] } });
  expect(access.refusal(admin, 'read', 'a')).toBeUndefined();
  expect(access.refusal(admin, 'write', '$all')).toMatchObject({ kind: 'access-denied' });
  expect(access.refusal(undefined, 'read', 'a')).toMatchObject({ kind: 'access-denied' });
  expect(asked).toEqual([]);
});

test('a list is looked up once, and followed from then on', async () => {
  const { access, hub, asked } = await open({ list: { $r: 'zoe' } });
  expect(await access.refusal(zoe, 'read', 'a')).toBeUndefined();
  expect(access.refusal(zoe, 'read', 'a')).toBeUndefined();
  expect(access.refusal(zoe, 'write', 'a')).toBeUndefined();
  expect(asked).toEqual(['a', '$settings']);
  hub.publish([event(1n, '$$a', { $acl: { $r: 'ops' } })]);
  expect(access.refusal(zoe, 'read', 'a')).toMatchObject({ kind: 'access-denied' });
  hub.publish([event(2n, '$$a', {}), event(3n, '$settings', { $userStreamAcl: { $r: 'ops' } })]);
  expect(access.refusal(zoe, 'read', 'a')).toMatchObject({ kind: 'access-denied' });
  expect(access.refusal(zoe, 'write', 'a')).toBeUndefined();
  expect(asked).toEqual(['a', '$settings']);
});

test('after commits that nobody has seen, lists are looked up again', async () => {
  const log: { list?: object } = { list: { $r: 'zoe' } };
  const { access, hub, asked } = await open(log);
  await access.refusal(zoe, 'read', 'a');
  hub.reset(7n);
  expect(await access.refusal(zoe, 'read', 'a')).toBeUndefined();
  expect(asked).toEqual(['a', '$settings', 'a', '$settings']);
});

test('whoever follows a stream hears of its list and of the defaults, and of nothing else', async () => {
  const { access, hub } = await open();
  let heard = 0;
  const off = access.onChange('a', () => {
    heard += 1;
  });
  hub.publish([event(1n, 'a', {}), event(2n, '$$b', {})]);
  expect(heard).toBe(0);
  hub.publish([event(3n, '$$a', {}), event(4n, '$settings', {})]);
  expect(heard).toBe(2);
  off();
  hub.publish([event(5n, '$$a', {})]);
  expect(heard).toBe(2);
});

test('when the log cannot be read nobody is let in, and may try again', async () => {
  const log = { away: true };
  const { access } = await open(log);
  expect(await access.refusal(zoe, 'read', 'a')).toMatchObject({ kind: 'busy' });
  log.away = false;
  expect(await access.refusal(zoe, 'read', 'a')).toBeUndefined();
});
