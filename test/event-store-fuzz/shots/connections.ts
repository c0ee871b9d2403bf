/** Connections that are no good HTTP/2, or far too much of it. */
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, openCall } from '../call.ts';
import { paths } from '../messages.ts';
import type { Random } from '../random.ts';
import type { Kind, Range, Shot } from '../shot.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** An HTTP/2 frame. */
export const frame = (type: number, flags: number, stream: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
};
const none = Buffer.alloc(0);
export const SETTINGS = frame(4, 0, 0, none);
const END_HEADERS = 4;

/** A header in HPACK, literal, never indexed. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
const requestHeaders = Buffer.concat([
  literal(':method', 'POST'),
  literal(':scheme', 'http'),
  literal(':path', paths.read),
  literal(':authority', 'x'),
  literal('content-type', 'application/grpc'),
  literal('te', 'trailers'),
]);
/** Begun with HEADERS, to be gone on with by a CONTINUATION that never comes. */
export const UNFINISHED_HEADERS = frame(1, 0, 1, requestHeaders);

export const openSocket = ({ host, port }: Pick<Range, 'host' | 'port'>): Socket => {
  const socket = connectTcp({ host, port, noDelay: true });
  // It may well be reset: that is an answer.
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
};

type Garbage = (random: Random) => Buffer;
const repeat = (times: number, one: (nth: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: times }, (_, nth) => one(nth)));

const streams: Readonly<Record<string, Garbage>> = {
  noise: (random) => random.bytes(1 + random.int(2_000)),
  'noise after the preface': (random) =>
    Buffer.concat([PREFACE, SETTINGS, random.bytes(1 + random.int(2_000))]),
  'a broken preface': (random) => PREFACE.subarray(0, 1 + random.int(PREFACE.length - 1)),
  'another preface': () => Buffer.from('PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n'),
  'a request without settings': () =>
    Buffer.concat([PREFACE, frame(1, END_HEADERS, 1, requestHeaders)]),
  'a TLS hello': (random) =>
    Buffer.concat([Buffer.from('16030100f8010000f40303', 'hex'), random.bytes(200)]),
  'half an HTTP/1.1 request': () => Buffer.from('GET /ping HTTP/1.1\r\nhost: x\r\nx-y: '),
  'a broken HTTP/1.1 request': () => Buffer.from('GET /ping HTTP/9.9\r\n\r\n\r\n'),
  'HTTP/1.1 smuggling': () =>
    Buffer.from(
      'POST /ping HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET',
    ),
  'an upgrade': () =>
    Buffer.from(
      'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n',
    ),
  'too many HTTP/1.1 headers': () =>
    Buffer.from(`GET /ping HTTP/1.1\r\n${'x: y\r\n'.repeat(20_000)}`),
  'a frame beyond its size': () =>
    Buffer.concat([PREFACE, SETTINGS, frame(0, 0, 1, Buffer.alloc(20_000))]),
  'a window that overflows': () =>
    Buffer.concat([PREFACE, SETTINGS, frame(8, 0, 0, Buffer.from('7fffffff', 'hex'))]),
  'settings out of range': () =>
    Buffer.concat([PREFACE, frame(4, 0, 0, Buffer.from('0004ffffffff000500000001', 'hex'))]),
  'headers without end': () =>
    Buffer.concat([
      ...[PREFACE, SETTINGS, UNFINISHED_HEADERS],
      repeat(2_000, () => frame(9, 0, 1, literal('x-more', 'y'.repeat(100)))),
    ]),
  'a header that decompresses to much': () =>
    Buffer.concat([
      ...[PREFACE, SETTINGS],
      // One entry into the table, then named thousands of times.
      frame(
        1,
        END_HEADERS,
        1,
        Buffer.concat([
          Buffer.from([0x40, 1]),
          Buffer.from('x'),
          Buffer.from([0x7f, 0x81, 0x1e]),
          Buffer.alloc(4_000, 0x79),
          Buffer.alloc(12_000, 0xbe),
        ]),
      ),
    ]),
  'many pings': () =>
    Buffer.concat([PREFACE, SETTINGS, repeat(5_000, () => frame(6, 0, 0, Buffer.alloc(8)))]),
  'many settings': () => Buffer.concat([PREFACE, repeat(5_000, () => SETTINGS)]),
  'many requests, each reset': () =>
    Buffer.concat([
      ...[PREFACE, SETTINGS],
      repeat(3_000, (nth) =>
        Buffer.concat([
          frame(1, END_HEADERS, nth * 2 + 1, requestHeaders),
          frame(3, 0, nth * 2 + 1, Buffer.from([0, 0, 0, 8])),
        ]),
      ),
    ]),
  'many empty frames': () =>
    Buffer.concat([
      ...[PREFACE, SETTINGS, frame(1, END_HEADERS, 1, requestHeaders)],
      repeat(5_000, () => frame(0, 0, 1, none)),
    ]),
  'many priorities': () =>
    Buffer.concat([
      PREFACE,
      SETTINGS,
      repeat(5_000, (nth) => frame(2, 0, nth * 2 + 1, Buffer.from([0, 0, 0, 0, 9]))),
    ]),
};
const names = Object.keys(streams);

const misconnected: Shot = async (range, random) => {
  const socket = openSocket(range);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(streams[random.pick(names)]?.(random) ?? none);
  if (random.chance(0.3)) socket.end();
  const first = await Promise.race([closed.then(() => 'closed'), delay(150, 'left open')]);
  socket.destroy();
  return first;
};

/** As many calls as a connection takes, all of them open at once. */
const crowded: Shot = async (range) => {
  const session = connect(range.origin);
  for (let n = 0; n < 1_500 && !session.destroyed; n += 1) openCall(session, paths.batch);
  await delay(20);
  range.keep(() => session.destroy());
  return 'kept open';
};

export const connectionShots: Readonly<Record<string, Kind>> = {
  'bad connections': { weight: 4, shoot: misconnected },
  'crowded connections': { weight: 0.2, heavy: true, shoot: crowded },
};
