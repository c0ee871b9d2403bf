/** Calls whose headers are wrong. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { connect, openCall, wordFor } from '../call.ts';
import { paths } from '../messages.ts';
import { framed } from '../protobuf.ts';
import type { Random } from '../random.ts';
import type { Kind, Range } from '../shot.ts';
import { methods, valid } from './valid.ts';

type Wrong = (random: Random) => OutgoingHttpHeaders;

const timeouts = ['', '0m', '1n', '99999999H', '00000001u', '-1S', '1x', '123456789S', 'S', '1 S'];
const strangePaths = [
  ...['/', '//', '*', '/event_store.client.streams.Streams', '/__proto__/x', '/%00', '/a?b#c'],
  ...['/event_store.client.streams.Streams/read', '/event_store.client.users.Users/Create'],
  ...['/event_store.client.streams.Streams/Read/', `/${'x'.repeat(8_000)}`, '/\u00ff/\u00fe'],
  '/event_store.client.persistent_subscriptions.PersistentSubscriptions/Read',
];

const wrong: Readonly<Record<string, Wrong>> = {
  path: (random) => ({ ':path': random.pick(strangePaths) }),
  method: (random) => ({ ':method': random.pick(['GET', 'PUT', 'HEAD', 'OPTIONS', 'PRI', 'x']) }),
  'content type': (random) => ({
    'content-type': random.pick([
      '',
      'application/json',
      'application/grpc+json',
      'text/plain',
      'application/grpc-web',
      'application/grpcx',
    ]),
  }),
  te: (random) => ({ te: random.pick(['trailers, deflate', 'trailers']) }),
  timeout: (random) => ({ 'grpc-timeout': random.pick(timeouts) }),
  encoding: (random) => ({
    'grpc-encoding': random.pick(['', 'identity', 'gzip', 'br', 'a,b', 'x'.repeat(1_000)]),
    'grpc-accept-encoding': random.pick(['', '*', 'nothing']),
  }),
  credentials: (random) => ({
    authorization: random.pick([
      '',
      'Basic',
      'Basic ====',
      `Basic ${'A'.repeat(4_000)}`,
      'Bearer x',
    ]),
  }),
  'binary header': (random) => ({
    'x-bin': random.pick(['', '====', '\u00ff\u00fe', 'AAAA,BBBB,']),
  }),
  'reserved header': () => ({ 'grpc-status': '0', 'grpc-message': 'mine', 'grpc-tags-bin': '!' }),
  'requires-leader': (random) => ({ 'requires-leader': random.pick(['true', 'false', '']) }),
  many: (random) =>
    Object.fromEntries(Array.from({ length: 1 + random.int(400) }, (_, n) => [`x-${n}`, 'y'])),
  large: (random) => ({ 'x-large': 'x'.repeat(random.pick([8_000, 16_384, 60_000])) }),
  'far too large': (random) => ({
    'x-huge': 'x'.repeat(random.pick([70_000, 300_000, 1_500_000])),
  }),
};
const names = Object.keys(wrong);

const misheaded = async (range: Range, random: Random): Promise<string> => {
  const method = random.pick(methods);
  const what = random.pick(names);
  // Too many headers end a connection, which should be nobody else's.
  const session = connect(range.origin);
  try {
    const call = openCall(session, paths[method], wrong[what]?.(random) ?? {});
    for (const body of valid[method](random)) call.stream.write(framed(body));
    call.stream.end();
    return wordFor(await range.within(`${method} with a wrong ${what} header`, call.ended));
  } finally {
    session.destroy();
  }
};

export const headerShots: Readonly<Record<string, Kind>> = {
  'wrong headers': { weight: 9, shoot: misheaded },
};
