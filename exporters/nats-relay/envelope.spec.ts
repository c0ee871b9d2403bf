import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { decodeData } from '../../domain/_kernel/catalogue.ts';
import { deriveId, PAWPRINT_NAMESPACE } from '../../domain/_kernel/ids.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { cloudEventOf, relayedFrom, subjectOf, withoutData } from './envelope.ts';

const LOG_ID = deriveId('ins', 'spec');
const golden = join(import.meta.dirname, '../../domain/_golden');

type Sample = { type: string; version: number; data: Record<string, unknown> };
const samples = readdirSync(golden)
  .filter((name) => /\.v\d+\.json$/.test(name))
  .map((name): Sample => JSON.parse(readFileSync(join(golden, name), 'utf8')));

function delivered(type: string, data: Record<string, unknown>): DeliveredEvent {
  const category = catalogue.types.get(type)?.category ?? 'parcel';
  return {
    id: PAWPRINT_NAMESPACE,
    stream: `${category}-${deriveId('act', 'spec')}`,
    revision: 3,
    position: 4711n,
    ordinal: 12,
    poison: null,
    type,
    data,
    metadata: {
      commandId: PAWPRINT_NAMESPACE,
      inputHash: 'of-the-input',
      $correlationId: 'correlation',
      $causationId: 'causation',
      actor: { kind: 'person', id: 'mem_actor' },
      occurredAt: '2026-05-01T08:00:00.000Z',
      recordedAt: '2026-05-01T08:00:01.000Z',
      schemaVersion: 1,
    },
  };
}

/** Puts a value where the catalogue marks personal data, at any depth. */
function markAll(data: Record<string, unknown>, type: string, mark: unknown) {
  const marked = structuredClone(data);
  for (const { path } of catalogue.types.get(type)?.personal ?? []) {
    let at: Record<string, unknown> = marked;
    for (const key of path.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
    at[String(path.at(-1))] = mark;
  }
  return marked;
}

it('there is a sample of every event, and some have personal data', () => {
  expect(new Set(samples.map(({ type }) => type))).toEqual(new Set(catalogue.types.keys()));
  const personal = [...catalogue.types.values()].flatMap((definition) => definition.personal);
  expect(personal.length).toBeGreaterThan(3);
});

describe.each(samples)('$type v$version', ({ type, version, data }) => {
  const newest = decodeData(catalogue, type, version, data);

  it.each([
    ['in the clear', 'CANARY of a person'],
    ['sealed', { $sealed: 'CANARY of a person' }],
  ])('leaves out personal values that are %s, and nothing else', (_how, canary) => {
    const event = delivered(type, markAll(newest, type, canary));
    const envelope = cloudEventOf(event, catalogue, LOG_ID);
    expect(JSON.stringify(envelope)).not.toContain('CANARY');
    const personal = new Set(
      catalogue.types.get(type)?.personal.map(({ path: [head] }) => String(head)),
    );
    const open = Object.keys(newest).filter((name) => !personal.has(name));
    expect(Object.keys(envelope.data ?? {})).toEqual(expect.arrayContaining(open));
    expect(subjectOf(event)).toMatch(/^pawprint\.events\.[a-z]+\.[A-Za-z]+$/);
  });

  it('leaves out what the sample itself has of a person', () => {
    const envelope = cloudEventOf(delivered(type, newest), catalogue, LOG_ID);
    expect(JSON.stringify(envelope)).not.toMatch(/Mirela|Quandt|@example\.org/);
  });
});

describe('an envelope', () => {
  const event = delivered('ActivityPublished', { activityId: deriveId('act', 'spec') });

  it('has the attributes of CloudEvents 1.0, named in lower case', () => {
    const envelope = cloudEventOf(event, catalogue, LOG_ID);
    for (const name of Object.keys(envelope)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
    expect(envelope).toMatchObject({
      specversion: '1.0',
      id: event.id,
      source: `urn:pawprint:${LOG_ID}`,
      subject: event.stream,
      time: '2026-05-01T08:00:00.000Z',
      ordinal: '12',
    });
    expect(JSON.stringify(envelope)).not.toMatch(/of-the-input|4711/);
  });

  it('says where it belongs, also to whoever goes on behind it', () => {
    const body = Buffer.from(JSON.stringify(cloudEventOf(event, catalogue, LOG_ID)));
    expect(relayedFrom(body)).toEqual({
      id: event.id,
      source: `urn:pawprint:${LOG_ID}`,
      stream: event.stream,
      ordinal: 12,
      revision: 3,
    });
    expect(relayedFrom(Buffer.from('hello'))).toBeNull();
    expect(relayedFrom(Buffer.from('{"id":1}'))).toBeNull();
  });

  it('carries no data of an event that was not decoded, or is too large', () => {
    const poison = { ...event, poison: new Error('v9 is newer'), metadata: {} as never };
    const opaque = cloudEventOf(poison, catalogue, LOG_ID);
    expect(opaque).not.toHaveProperty('data');
    expect(opaque).toMatchObject({ id: event.id, dataomitted: 'undecodable' });

    const large = withoutData(cloudEventOf(event, catalogue, LOG_ID));
    expect(large).not.toHaveProperty('data');
    expect(large).toMatchObject({ id: event.id, dataomitted: 'too-large' });
  });

  it('makes a subject of any type and stream, without wildcards and empty parts', () => {
    expect(subjectOf({ stream: '-', type: '>' })).toBe('pawprint.events._._');
    expect(subjectOf({ stream: 'a.*-1', type: 'Some Thing' })).toBe(
      'pawprint.events.a__.Some_Thing',
    );
  });
});
