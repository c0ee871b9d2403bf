import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { deriveId, PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';
import { type KeyStore, keyName } from '../keys/index.ts';
import { createCodec, type EncodedEvent, type EventToAppend, type RawEvent } from './codec.ts';

/** Keys in memory; the real store has its own spec. */
const keys = (() => {
  const known = new Map<string, Buffer>();
  const store: Pick<KeyStore, 'keyFor' | 'keysFor'> = {
    keyFor: async (ref) => {
      const key = known.get(keyName(ref)) ?? randomBytes(32);
      known.set(keyName(ref), key);
      return key;
    },
    keysFor: async () => known,
  };
  return store as KeyStore;
})();
const codec = createCodec(catalogue, keys);
const memberId = deriveId('mem', 'codec');
const stream = `member-${memberId}`;

const registered = (seed: string): EventToAppend => {
  const commandId = uuidv5(PAWPRINT_NAMESPACE, seed);
  return {
    id: commandId,
    type: 'MemberRegistered',
    data: { memberId, email: `${seed}@example.com`, name: seed, emailReservation: 'email.x' },
    metadata: {
      ...{ commandId, inputHash: '', $correlationId: commandId, $causationId: commandId },
      actor: { kind: 'system', id: 'spec' },
      occurredAt: '2026-05-01T08:00:00.000Z',
      recordedAt: '2026-05-01T08:00:00.000Z',
      schemaVersion: 1,
    },
  };
};
const stored = ({ id, type, data, metadata }: EncodedEvent, at = stream): RawEvent => ({
  ...{ id, type, data, metadata, stream: at },
  ...{ revision: 0, position: 1n, created: new Date(0) },
});
const decoded = async (raw: RawEvent) => (await codec.decode([raw]))[0];

test('what goes in comes out, and nothing personal stands in between', async () => {
  const encoded = await codec.encode(stream, registered('zofie'));
  expect(JSON.stringify(encoded)).not.toContain('zofie');
  expect(await decoded(stored(encoded))).toMatchObject({
    data: { name: 'zofie', email: 'zofie@example.com' },
  });
});

test('a sealed value opens where it was stored, not in another event, field or stream', async () => {
  const one = await codec.encode(stream, registered('one'));
  const other = await codec.encode(stream, registered('other'));
  const moved = [
    stored({ ...one, data: { ...one.data, name: other.data['name'] } }),
    stored({ ...one, data: { ...one.data, name: one.data['email'] } }),
    stored(one, `member-${deriveId('mem', 'another')}`),
  ];
  for (const raw of moved) expect(await decoded(raw)).toBeInstanceOf(Error);
});
