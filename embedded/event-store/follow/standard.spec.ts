import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedEvent } from '../core/model.ts';
import { LINK_TYPE, MAX_INT64, TOMBSTONE } from '../core/model.ts';
import { STANDARD } from './standard.ts';

type Given = {
  stream: string;
  revision?: bigint;
  type?: string;
  data?: string;
  metadata?: string;
};

const recorded = ({
  stream,
  revision = 0n,
  type = 'happened',
  data = '{}',
  metadata = '',
}: Given): RecordedEvent => ({
  ...{ position: 42n, stream, revision, type, id: randomUUID(), json: true },
  // 2026-11-27T12:00:00.1234567Z
  created: 17_957_808_001_234_567n,
  ...{ data: Buffer.from(data), metadata: Buffer.from(metadata) },
});

const linkFrom = (name: string, given: Given) => {
  const linkOf = STANDARD.get(name);
  if (linkOf === undefined) throw new Error(`no projection ${name}`);
  const cause = recorded(given);
  const link = linkOf(cause);
  if (link === undefined) return undefined;
  const { type, json, data, metadata } = link.event;
  expect({ type, json }).toEqual({ type: LINK_TYPE, json: false });
  const { $c, $p, $causedBy, ...extra } = JSON.parse(metadata.toString());
  expect({ $c, $p, $causedBy }).toEqual({ $c: 42, $p: 42, $causedBy: cause.id });
  return [link.stream, data.toString(), extra];
};

const soft = { type: '$metadata', data: `{"$tb":${MAX_INT64}}` };
const hard = { type: '$streamDeleted', revision: TOMBSTONE, data: '' };
const correlated = (id: unknown) => JSON.stringify({ $correlationId: id });
const long = 'é'.repeat(1_024);

const table: Record<string, readonly (readonly [string, Given, unknown])[]> = {
  $by_category: [
    ['an event', { stream: 'a-1', revision: 3n }, ['$ce-a', '3@a-1', { $o: 'a-1' }]],
    ['the first of several dashes', { stream: 'a-b-c' }, ['$ce-a', '0@a-b-c', { $o: 'a-b-c' }]],
    ['no dash', { stream: 'a' }, undefined],
    ['a dash in front', { stream: '-a-b' }, undefined],
    ['a stream of the server', { stream: '$a-1' }, undefined],
    ['metadata', { stream: '$$a-1', type: '$metadata' }, undefined],
    [
      'a link',
      { stream: 'list-1', type: '$>', data: '7@a-1' },
      ['$ce-list', '7@a-1', { $o: 'list-1' }],
    ],
    ['a link of its own', { stream: '$ce-a', type: '$>', data: '7@a-1' }, undefined],
    [
      'a soft delete',
      { stream: '$$a-1', ...soft },
      ['$ce-a', '0@$$a-1', { $o: 'a-1', $deleted: -1 }],
    ],
    ['a soft delete of no category', { stream: '$$a', ...soft }, undefined],
    [
      'a tombstone',
      { stream: 'a-1', ...hard },
      ['$ce-a', `${TOMBSTONE}@a-1`, { $o: 'a-1', $deleted: -1 }],
    ],
    [
      'another event that says so in a user stream',
      { stream: 'a-1', ...soft },
      ['$ce-a', '0@a-1', { $o: 'a-1' }],
    ],
  ],
  $by_event_type: [
    ['an event', { stream: 'a', revision: 3n }, ['$et-happened', '3@a', {}]],
    ['metadata', { stream: '$$a', type: '$metadata' }, ['$et-$metadata', '0@$$a', {}]],
    ['a link', { stream: 'list-1', type: '$>', data: '7@a-1' }, undefined],
    ['a soft delete', { stream: '$$a', ...soft }, ['$et-$deleted', '0@$$a', { $deleted: -1 }]],
    ['a tombstone', { stream: 'a', ...hard }, ['$et-$deleted', `${TOMBSTONE}@a`, { $deleted: -1 }]],
    ['a type that makes no name of a stream', { stream: 'a', type: long }, undefined],
  ],
  $streams: [
    ['a first event', { stream: 'a' }, ['$streams', '0@a', {}]],
    ['a first link', { stream: '$ce-a', type: '$>', data: '7@a-1' }, ['$streams', '0@$ce-a', {}]],
    ['a later event', { stream: 'a', revision: 1n }, undefined],
    ['a tombstone of a stream that never was', { stream: 'a', ...hard }, undefined],
  ],
  $by_correlation_id: [
    [
      'an event',
      { stream: 'a', metadata: correlated('x') },
      ['$bc-x', '0@a', { $eventTimestamp: '2026-11-27T12:00:00.123456Z' }],
    ],
    ['a link', { stream: 'a', type: '$>', data: '7@b', metadata: correlated('x') }, undefined],
    ['an event without metadata', { stream: 'a' }, undefined],
    ['metadata that is no JSON', { stream: 'a', metadata: '{"$correlationId":' }, undefined],
    ['an id that is no text', { stream: 'a', metadata: correlated({}) }, undefined],
    ['an id that no name can hold', { stream: 'a', metadata: correlated('\0') }, undefined],
    ['an id too long for a name', { stream: 'a', metadata: correlated(long) }, undefined],
  ],
};

describe.each(Object.entries(table))('%s', (name, cases) => {
  test.each(cases)('%s', (_what, given, expected) => {
    expect(linkFrom(name, given)).toEqual(expected);
  });

  test('links nothing that reads of $all hide', () => {
    const stream = '$persistentsubscription-$all::g-checkpoint';
    expect(linkFrom(name, { stream, metadata: correlated('x') })).toBeUndefined();
  });
});
