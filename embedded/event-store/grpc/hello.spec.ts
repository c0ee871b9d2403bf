import { expect, test } from 'vitest';
import { type Hello, helloIn } from './hello.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const settings = (length: number, body: number, type = 4): string =>
  Buffer.from([0, length >> 8, length & 255, type, 0, 0, 0, 0, 0, ...Array(body).fill(0)]).toString(
    'latin1',
  );

const beginnings: readonly (readonly [string, Hello])[] = [
  ['', 'unfinished'],
  ['PR', 'unfinished'],
  ['PRI', 'unfinished'],
  [PREFACE, 'unfinished'],
  [PREFACE + settings(0, 0).slice(0, 8), 'unfinished'],
  [PREFACE + settings(6, 5), 'unfinished'],
  [PREFACE + settings(6, 6), 'http2'],
  [`${PREFACE}${settings(0, 0)}more`, 'http2'],
  // Broken, which the implementation of HTTP/2 is to say.
  ['PRI * HTTP/3', 'http2'],
  [PREFACE + settings(0, 0, 1), 'http2'],
  [PREFACE + settings(20_000, 0), 'http2'],
  ['GET /ping HTTP/1.1', 'http1'],
  ['PUT /', 'http1'],
  ['\x16\x03\x01', 'http1'],
  ['X', 'http1'],
];
test.each(beginnings)('%j is %s', (head, hello) => {
  expect(helloIn(Buffer.from(head, 'latin1'))).toBe(hello);
});
