import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { boundedMap } from '../core/bounded-map.ts';
import type { FollowerState } from '../core/follower.ts';
import type { Command, Expected, NewEvent, Outcome } from '../core/model.ts';
import { MAX_INT64 } from '../core/model.ts';
import { EMPTY_STREAM, type StreamState, trimmed, type WrittenId } from '../core/stream-state.ts';
import {
  idsNeeded,
  latelyKey,
  planCommit,
  storedKey,
  streamsNeeded,
  type Written,
} from './plan.ts';

const event = (id: string = randomUUID(), type = 'happened'): NewEvent => ({
  id,
  type,
  json: true,
  data: Buffer.from('{}'),
  metadata: Buffer.alloc(0),
});

const append = (stream: string, expected: Expected, ...events: NewEvent[]): Command => ({
  kind: 'append',
  stream,
  expected,
  events,
});

/** A log in memory that commits plans as the writer does: what a plan forgets is forgotten here. */
const memoryLog = (rememberIds = true) => {
  const all: { stream: string; revision: bigint; id: string; type: string; data: string }[] = [];
  const ids = new Map<string, WrittenId>();
  const states = new Map<string, StreamState>();
  const lately = boundedMap<Written>(100);
  const followers = new Map<string, FollowerState>();
  let last = 0n;
  return {
    all,
    commit(...commands: Command[]): Outcome[] {
      const known = new Map(
        [...streamsNeeded(commands)].map((one) => [one, states.get(one) ?? EMPTY_STREAM]),
      );
      const stored = new Map(
        idsNeeded(commands, known).flatMap(({ stream, revision }) => {
          const id = ids.get(storedKey(stream, revision));
          return id === undefined ? [] : [[storedKey(stream, revision), id] as const];
        }),
      );
      const plan = planCommit(commands, { states: known, stored, lately, followers }, last, 1n);
      for (const [name, state] of plan.followers) followers.set(name, state);
      for (const [stream, state] of plan.states) {
        states.set(stream, rememberIds ? trimmed(state) : { ...state, recent: [] });
      }
      for (const { stream, revision, id, position, type, data } of plan.events) {
        last = position;
        all.push({ stream, revision, id, type, data: data.toString() });
        ids.set(storedKey(stream, revision), { id, position });
        lately.set(latelyKey(stream, id), { revision, position });
      }
      return [...plan.outcomes];
    },
  };
};

const refused = (kind: string, current?: bigint) =>
  expect.objectContaining({
    ok: false,
    failure: expect.objectContaining(current === undefined ? { kind } : { kind, current }),
  });

describe('the expected revision', () => {
  test.each<[Expected, number, 'written' | bigint]>([
    ['any', 0, 'written'],
    ['any', 2, 'written'],
    ['no_stream', 0, 'written'],
    ['no_stream', 2, 1n],
    ['stream_exists', 0, -1n],
    ['stream_exists', 2, 'written'],
    [0n, 0, -1n],
    [0n, 2, 1n],
    [1n, 2, 'written'],
    [2n, 2, 1n],
  ])('%s on a stream of %i events', (expected, length, result) => {
    const log = memoryLog();
    for (let i = 0; i < length; i++) log.commit(append('s', 'any', event()));

    const [outcome] = log.commit(append('s', expected, event()));

    if (result === 'written') {
      expect(outcome).toEqual({ ok: true, revision: BigInt(length), position: BigInt(length + 1) });
      expect(log.all).toHaveLength(length + 1);
    } else {
      expect(outcome).toEqual(refused('wrong-expected-version', result));
      expect(log.all).toHaveLength(length);
    }
  });

  test('is judged within one commit on top of the commands before it', () => {
    const log = memoryLog();
    const outcomes = log.commit(
      append('s', 'no_stream', event(), event()),
      append('s', 1n, event()),
      append('s', 1n, event()),
      append('other', 'no_stream', event()),
    );
    expect(outcomes).toEqual([
      { ok: true, revision: 1n, position: 2n },
      { ok: true, revision: 2n, position: 3n },
      refused('wrong-expected-version', 2n),
      { ok: true, revision: 0n, position: 4n },
    ]);
    expect(log.all.map(({ stream, revision }) => [stream, revision])).toEqual([
      ['s', 0n],
      ['s', 1n],
      ['s', 2n],
      ['other', 0n],
    ]);
  });
});

describe.each([
  ['ids in memory', true],
  ['ids read from the log', false],
])('a repeat, %s', (_how, remember) => {
  test('at an exact revision is answered like the first time, and written once', () => {
    const log = memoryLog(remember);
    const [a, b, c] = [event(), event(), event()];
    log.commit(append('s', 'no_stream', a, b));
    log.commit(append('s', 1n, c));
    for (let i = 0; i < 40; i++) log.commit(append('s', 'any', event()));

    expect(log.commit(append('s', 'no_stream', a, b))).toEqual([
      { ok: true, revision: 1n, position: 2n },
    ]);
    expect(log.commit(append('s', 1n, c))).toEqual([{ ok: true, revision: 2n, position: 3n }]);
    expect(log.all).toHaveLength(43);
  });

  test('whose ids differ from the stored ones is a wrong version', () => {
    const log = memoryLog(remember);
    const [a, b] = [event(), event()];
    log.commit(append('s', 'no_stream', a, b));
    expect(log.commit(append('s', 'no_stream', a, event()))).toEqual([
      refused('wrong-expected-version', 1n),
    ]);
    expect(log.commit(append('s', 'no_stream', event(), b))).toEqual([
      refused('wrong-expected-version', 1n),
    ]);
    expect(log.commit(append('s', 'no_stream', a, b, event()))).toEqual([
      refused('wrong-expected-version', 1n),
    ]);
  });

  test('in the same commit is written once', () => {
    const log = memoryLog(remember);
    const many = Array.from({ length: 40 }, () => event());
    const command = append('s', 'no_stream', ...many);
    expect(log.commit(command, command)).toEqual([
      { ok: true, revision: 39n, position: 40n },
      { ok: true, revision: 39n, position: 40n },
    ]);
    expect(log.all).toHaveLength(40);
  });
});

describe('a repeat with any', () => {
  test('is known by its ids, in this stream only', () => {
    const log = memoryLog();
    const [a, b] = [event(), event()];
    log.commit(append('s', 'any', a, b));
    expect(log.commit(append('s', 'any', a, b))).toEqual([
      { ok: true, revision: 1n, position: 2n },
    ]);
    expect(log.commit(append('s', 'stream_exists', b))).toEqual([
      { ok: true, revision: 1n, position: 2n },
    ]);
    expect(log.commit(append('t', 'any', a))).toEqual([{ ok: true, revision: 0n, position: 3n }]);
  });

  test('that begins with a known event and goes on with a new one is a wrong version', () => {
    const log = memoryLog();
    const a = event();
    log.commit(append('s', 'any', a));
    expect(log.commit(append('s', 'any', a, event()))).toEqual([
      refused('wrong-expected-version', 0n),
    ]);
    expect(log.commit(append('s', 'any', event(), a))).toEqual([
      { ok: true, revision: 2n, position: 3n },
    ]);
  });
});

const remove = (stream: string, expected: Expected = 'any'): Command => ({
  kind: 'delete',
  stream,
  expected,
});
const tombstone = (stream: string, expected: Expected = 'any'): Command => ({
  kind: 'tombstone',
  stream,
  expected,
});

describe('a soft deleted stream', () => {
  test('begins again where it ended, and keeps its metadata but for $tb', () => {
    const log = memoryLog();
    const custom = Buffer.from('{"$maxCount":5,"mine":9007199254740993}');
    log.commit(append('s', 'no_stream', event(), event()));
    log.commit(append('$$s', 'any', { ...event(), type: '$metadata', data: custom }));
    log.commit(append('s', 1n, event()));
    expect(log.commit(remove('s', 2n))).toEqual([{ ok: true, revision: 2n, position: 5n }]);
    expect(log.all.at(-1)).toMatchObject({ stream: '$$s', data: `{"$tb":${MAX_INT64}}` });

    expect(log.commit(append('s', 'stream_exists', event()))).toEqual([refused('stream-deleted')]);
    expect(log.commit(append('s', 'no_stream', event()))).toEqual([
      { ok: true, revision: 3n, position: 6n },
    ]);
    expect(log.all.at(-1)).toMatchObject({ stream: '$$s', revision: 2n, data: '{"$tb":3}' });
    expect(log.commit(append('s', 'no_stream', event()))).toEqual([
      refused('wrong-expected-version', 3n),
    ]);
  });

  test('keeps the integers of its metadata when it comes back', () => {
    const log = memoryLog();
    const data = Buffer.from(`{"mine":9007199254740993,"$tb":${MAX_INT64},"half":0.5}`);
    log.commit(append('s', 'any', event()));
    log.commit(append('$$s', 'any', { ...event(), type: '$metadata', data }));
    log.commit(append('s', 'any', event()));
    expect(log.all.at(-1)?.data).toBe('{"mine":9007199254740993,"$tb":1,"half":0.5}');
  });

  test('comes back when its metadata is written', () => {
    const log = memoryLog();
    log.commit(append('s', 'no_stream', event()), remove('s'));
    const data = Buffer.from('{"$maxCount":3}');
    log.commit(append('$$s', 'any', { ...event(), type: '$metadata', data }));
    expect(log.all.slice(-2).map((one) => [one.stream, one.revision, one.data])).toEqual([
      ['$$s', 1n, '{"$maxCount":3}'],
      ['$$s', 2n, '{"$maxCount":3,"$tb":1}'],
    ]);
    expect(log.commit(append('s', 'stream_exists', event()))).toEqual([
      { ok: true, revision: 1n, position: 5n },
    ]);
  });

  test('can be deleted again; one that never was cannot', () => {
    const log = memoryLog();
    expect(log.commit(remove('s'))).toEqual([refused('wrong-expected-version', -1n)]);
    log.commit(append('s', 'any', event()));
    expect(log.commit(remove('s', 4n))).toEqual([refused('wrong-expected-version', 0n)]);
    expect(log.commit(remove('s'), remove('s')).map((one) => one.ok)).toEqual([true, true]);
    // As an append of a new event with no_stream would be taken.
    expect(log.commit(remove('s', 'no_stream'))[0]).toMatchObject({ ok: true });
    log.commit(append('$$meta-only', 'any', event()));
    expect(log.commit(remove('meta-only', 'no_stream'))[0]).toMatchObject({ ok: true });
  });
});

describe('a tombstoned stream', () => {
  test('takes nothing any more, nor does its metadata', () => {
    const log = memoryLog();
    log.commit(append('s', 'any', event()));
    expect(log.commit(tombstone('s', 3n))).toEqual([refused('wrong-expected-version', 0n)]);
    expect(log.commit(tombstone('s', 0n))).toEqual([
      { ok: true, revision: MAX_INT64, position: 2n },
    ]);
    expect(log.all.at(-1)).toMatchObject({ type: '$streamDeleted', revision: MAX_INT64 });
    for (const command of [
      append('s', 'any', event()),
      append('s', 'no_stream', event()),
      append('$$s', 'any', event()),
      remove('s'),
      tombstone('s'),
    ]) {
      expect(log.commit(command)).toEqual([refused('stream-deleted')]);
    }
  });

  test('may be one that never had an event', () => {
    const log = memoryLog();
    expect(log.commit(tombstone('a', 'no_stream'), tombstone('b')).map((one) => one.ok)).toEqual([
      true,
      true,
    ]);
  });
});

test('nobody writes to $all', () => {
  const log = memoryLog();
  for (const command of [append('$all', 'any', event()), remove('$all'), tombstone('$all')]) {
    expect(log.commit(command)).toEqual([refused('access-denied')]);
  }
});

test('an append of nothing checks the version and writes nothing', () => {
  const log = memoryLog();
  expect(log.commit(append('s', 'no_stream'))).toEqual([
    { ok: true, revision: -1n, position: undefined },
  ]);
  log.commit(append('s', 'any', event()));
  expect(log.commit(append('s', 0n))).toEqual([{ ok: true, revision: 0n, position: undefined }]);
  expect(log.commit(append('s', 'no_stream'))).toEqual([refused('wrong-expected-version', 0n)]);
});

describe('links of a follower', () => {
  const linkInto = (stream: string) => ({ stream, event: event(randomUUID(), '$>') });
  const follow = (after: bigint, upTo: bigint, ...streams: string[]): Command => ({
    ...{ kind: 'follow', follower: 'f', after, upTo },
    links: streams.map(linkInto),
  });
  const turn = (enabled: boolean): Command => ({ kind: 'switch', follower: 'f', enabled });
  const places = (log: ReturnType<typeof memoryLog>) =>
    log.all.map(({ stream, revision }) => `${revision}@${stream}`);

  test('stand behind what their streams have, in their own order', () => {
    const log = memoryLog();
    log.commit(turn(true), append('a', 'any', event()), append('b', 'any', event()));
    log.commit(follow(0n, 9n, 'a', 'b', 'a', 'c'));
    expect(places(log)).toEqual(['0@a', '0@b', '1@a', '1@b', '2@a', '0@c']);
  });

  test('are written from the place where it stands, and from no other', () => {
    const log = memoryLog();
    log.commit(turn(true));
    const outcomes = log.commit(follow(0n, 5n, 'a'), follow(0n, 5n, 'a'), follow(5n, 7n, 'a'));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(outcomes[1]).toEqual(refused('wrong-expected-version', 5n));
    expect(log.commit(follow(5n, 7n, 'a'))).toEqual([refused('wrong-expected-version', 7n)]);
    expect(places(log)).toEqual(['0@a', '1@a']);
  });

  test('are refused while it is off, also when it is switched off in the same commit', () => {
    const log = memoryLog();
    expect(log.commit(follow(0n, 1n, 'a'))).toEqual([refused('bad-request')]);
    log.commit(turn(true));
    const outcomes = log.commit(turn(false), follow(0n, 1n, 'a'), turn(true));
    expect(outcomes[1]).toEqual(refused('bad-request'));
    log.commit(follow(0n, 1n, 'a'));
    expect(places(log)).toEqual(['0@a']);
  });

  test('leave a tombstoned stream as it is', () => {
    const log = memoryLog();
    log.commit(turn(true), { kind: 'tombstone', stream: 'a', expected: 'any' });
    log.commit(follow(0n, 1n, 'a', 'b'));
    expect(places(log)).toEqual([`${MAX_INT64}@a`, '0@b']);
  });

  test('bring a deleted stream back from the first of them on', () => {
    const log = memoryLog();
    log.commit(turn(true), append('a', 'any', event()));
    log.commit({ kind: 'delete', stream: 'a', expected: 'any' });
    log.commit(follow(0n, 1n, 'a', 'a'));
    expect(places(log)).toEqual(['0@a', '0@$$a', '1@a', '1@$$a', '2@a']);
    expect(log.all[3]?.data).toBe('{"$tb":1}');
  });
});
