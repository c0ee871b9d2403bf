/** Calls that are left half way, and subscribers that do not read. */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, openCall } from '../call.ts';
import { filterOf, paths, readRequest } from '../messages.ts';
import { framed } from '../protobuf.ts';
import type { Kind, Shot } from '../shot.ts';
import { methods, valid } from './valid.ts';

/** Any number of bytes of a call, then a reset, a half-close, or the connection goes. */
const left: Shot = async (range, random) => {
  const method = random.pick(methods);
  const own = random.chance(0.2);
  const session = own ? connect(range.origin) : range.session();
  const call = openCall(session, paths[method]);
  const all = Buffer.concat(valid[method](random).map((body) => framed(body)));
  const cut = random.int(all.length + 1);
  if (cut > 0) call.stream.write(all.subarray(0, cut));
  await delay(random.pick([0, 0, 1, 5, 40]));
  if (own) session.destroy();
  else if (random.chance(0.5)) call.stream.close(random.pick([0, 1, 2, 5, 7, 8, 11, 2 ** 32 - 1]));
  else {
    call.stream.end();
    // Half-closed: now it is for the node to end it, unless it is told to go on for ever.
    if (method !== 'read') await range.within(`${method} half-closed`, call.ended);
    else call.stream.close();
  }
  return own ? 'connection dropped' : 'left';
};

/** Begun and forgotten: kept open as long as there is room. */
const forgotten: Shot = async (range, random) => {
  const method = random.pick(methods);
  const call = openCall(range.session(), paths[method]);
  const [first] = valid[method](random);
  if (first !== undefined && random.chance(0.7)) {
    const whole = framed(first);
    call.stream.write(whole.subarray(0, random.int(whole.length + 1)));
  }
  range.keep(() => call.stream.destroy());
  return 'kept open';
};

/** A subscription of which nothing is read, over a connection that takes very little. */
const deafSubscriber: Shot = async (range, random) => {
  const session = connect(range.origin);
  const call = openCall(session, paths.read);
  call.stream.pause();
  const body = random.chance(0.5)
    ? readRequest({ from: random.pick(['start', 'end'] as const) })
    : readRequest({
        from: 'start',
        filter: filterOf({ on: 'stream', prefixes: ['fuzz', 'good'], window: 1n }),
      });
  call.stream.end(framed(body));
  await delay(5);
  range.keep(() => session.destroy());
  return 'kept open';
};

export const leavingShots: Readonly<Record<string, Kind>> = {
  'left half way': { weight: 8, shoot: left },
  'begun and forgotten': { weight: 4, shoot: forgotten },
  'subscribers that do not read': { weight: 1.5, shoot: deafSubscriber },
};
