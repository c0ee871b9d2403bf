import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MoveRefusedError } from './errors.ts';
import {
  endLine,
  eventLine,
  headerLine,
  type MovedEvent,
  parseLine,
  textOfTicks,
} from './format.ts';

const event = (over: Partial<MovedEvent> = {}): MovedEvent => ({
  stream: 'seating-act_1',
  revision: 3n,
  id: '0f8fad5b-d9cb-469f-a165-70867728950e',
  type: 'SeatHeld',
  contentType: 'application/json',
  data: Buffer.from('{"seat":1}'),
  metadata: Buffer.from('{"actor":"x"}'),
  created: 17_780_000_001_234_567n,
  position: { commit: 42n, prepare: 42n },
  ...over,
});
const there = (line: string) => parseLine(Buffer.from(line), 'log:7');

test('an event is a line that people can read', () => {
  expect(eventLine(event())).toBe(
    '{"stream":"seating-act_1","revision":"3","id":"0f8fad5b-d9cb-469f-a165-70867728950e","type":"SeatHeld","contentType":"application/json","data":{"seat":1},"metadata":{"actor":"x"},"created":"2026-05-05T16:53:20.1234567Z","position":"42"}',
  );
});

// Each is data that a server holds and that JSON.parse and JSON.stringify would change.
test.each([
  ['spaces', '{ "a": 1 }'],
  ['a number with a zero', '{"a":1.0}'],
  ['an exponent', '[1e3]'],
  ['a number beyond a double', '{"cents":12345678901234567890}'],
  ['a key twice', '{"a":1,"a":2}'],
  ['keys that are indices', '{"b":1,"2":0,"1":0}'],
  ['an escape that is not needed', '"\\u0041"'],
  ['a lone surrogate', '"\\ud800x"'],
  ['minus zero', '-0'],
  ['a line feed at its end', '{}\n'],
  ['a byte order mark', '\uFEFF{}'],
  ['no JSON', 'nonsense'],
  ['depth', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ['a prototype', '{"__proto__":{"a":1}}'],
  ['null', 'null'],
  ['nothing', ''],
])('data with %s comes out as it went in', (_what, text) => {
  for (const contentType of ['application/json', 'application/octet-stream']) {
    const data = Buffer.from(text);
    const moved = event({ data, metadata: data, contentType });
    expect(there(eventLine(moved))).toEqual({ kind: 'event', event: moved });
  }
});

test('any bytes, names and numbers come out as they went in', () => {
  const bytes = fc.oneof(
    fc.uint8Array().map((array) => Buffer.from(array)),
    fc.json().map((text) => Buffer.from(text)),
  );
  const moved = fc.record({
    stream: fc.string({ minLength: 1, unit: 'binary' }).filter((text) => text.isWellFormed()),
    revision: fc.bigInt(0n, 2n ** 63n - 1n),
    type: fc.string({ minLength: 1 }),
    contentType: fc.constantFrom('application/json', 'application/octet-stream'),
    data: bytes,
    metadata: bytes,
    created: fc.bigInt(0n, 10n ** 18n),
    position: fc.record({ commit: fc.bigInt(0n, 2n ** 63n), prepare: fc.bigInt(0n, 2n ** 63n) }),
  });
  fc.assert(
    fc.property(moved, (over) => {
      expect(there(eventLine(event(over)))).toEqual({ kind: 'event', event: event(over) });
    }),
  );
});

test('the first and the last line are read as well', () => {
  expect(there(headerLine({ log: 'x' }))).toEqual({ kind: 'header', header: { log: 'x' } });
  const end = { events: 3, sha256: 'a'.repeat(64) };
  expect(there(endLine(end))).toEqual({ kind: 'end', end });
});

test.each([
  ['nonsense', 'log:7: expected a line of JSON'],
  ['[]', 'log:7: expected an object'],
  ['7', 'log:7: expected an object'],
  ['{"format":"other","version":1,"log":"x","from":"start"}', 'format: expected "event-log"'],
  ['{"format":"event-log","version":2,"log":"x","from":"start"}', 'version: expected 1'],
  [eventLine(event()).replace('"3"', '3'), 'log:7: revision: '],
  [eventLine(event()).replace('"3"', '"9223372036854775808"'), 'expected a revision below 2^63'],
  [eventLine(event()).replace('0f8f', '0F8F'), 'id: expected a UUID in lower case'],
  [eventLine(event()).replace('"42"', '"x"'), 'position: expected a position'],
  [eventLine(event()).replace('"type"', '"tipe"'), 'log:7: type: '],
])('a line that is none is named with what would be right: %s', (line, message) => {
  expect(() => there(line)).toThrow(MoveRefusedError);
  expect(() => there(line)).toThrow(message);
});

test('all seven digits of a time are kept', () => {
  expect(textOfTicks(1n)).toBe('1970-01-01T00:00:00.0000001Z');
});
