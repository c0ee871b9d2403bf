import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineEvents, metadataSchema } from './event.ts';
import { personal } from './personal.ts';

const event = { type: 'DogWalked', summary: 'A dog was walked.' };

describe('defineEvent', () => {
  test('starts at version 1 and takes no field that was not declared', () => {
    const definition = defineEvent({ ...event, data: { dog: z.string() } });
    expect(definition).toMatchObject({ type: 'DogWalked', version: 1, personal: [] });
    expect(definition.schema.safeParse({ dog: 'Rex' }).success).toBe(true);
    expect(definition.schema.safeParse({ dog: 'Rex', cat: 'Tom' }).success).toBe(false);
  });

  test('needs an upcaster from every version before the newest', () => {
    const upcasters = { 2: (data: Record<string, unknown>) => data };
    expect(() => defineEvent({ ...event, data: {}, version: 3, upcasters })).toThrow(
      'DogWalked v3 lacks the upcaster from v1',
    );
  });

  test('personal data has to name a person that is there', () => {
    const walker = personal(z.string(), { subject: 'walkerId', purpose: 'contact' });
    expect(() => defineEvent({ ...event, data: { walker } })).toThrow(/"walkerId"/);
    const { personal: paths } = defineEvent({ ...event, data: { walker, walkerId: z.string() } });
    expect(paths.map(({ path }) => path)).toEqual([['walker']]);
  });

  test('personal data that could not be encrypted is refused where it is declared', () => {
    const walkers = z.array(personal(z.string(), { subject: 'walkerId', purpose: 'contact' }));
    expect(() => defineEvent({ ...event, data: { walkers, walkerId: z.string() } })).toThrow(
      /walkers/,
    );
  });
});

test('a category is lower-case letters: a dash would end it', () => {
  for (const category of ['gift-stock', 'GiftStock', 'gift1', '', '$all']) {
    expect(() => defineEvents(category, [])).toThrow(TypeError);
  }
  expect(defineEvents('giftstock', []).category).toBe('giftstock');
});

test('metadata says who, when and by which command', () => {
  const metadata = {
    commandId: '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    inputHash: 'ab',
    $correlationId: 'c',
    $causationId: 'c',
    actor: { kind: 'person', id: 'mem_1' },
    occurredAt: '2026-05-01T08:00:00.000Z',
    recordedAt: '2026-05-01T08:00:00.001Z',
    schemaVersion: 1,
  };
  expect(metadataSchema.safeParse(metadata).success).toBe(true);
  for (const key of Object.keys(metadata)) {
    expect(metadataSchema.safeParse({ ...metadata, [key]: undefined }).success, key).toBe(false);
  }
  const actor = { ...metadata.actor, name: 'Rex' };
  expect(metadataSchema.safeParse({ ...metadata, actor }).success).toBe(false);
});
