/** The append with a call of its own, in every order but the right one. */
import { openCall, wordFor } from '../call.ts';
import { appendEvent, appendOptions, event, paths } from '../messages.ts';
import { EMPTY, framed } from '../protobuf.ts';
import type { Random } from '../random.ts';
import { Fault, type Kind, type Range } from '../shot.ts';
import { newName } from '../texts.ts';
import { eventsOf } from './reading.ts';

const part = (random: Random, stream: string): Buffer =>
  random.pick([
    () => appendOptions({ stream }),
    () => appendOptions({ stream, expected: 'none' }),
    () => appendOptions({ stream: '$all' }),
    () => appendOptions({}),
    () => appendOptions({ stream, expected: 2n ** 64n - 1n }),
    () => appendEvent(event(random)),
    () => appendEvent(event(random)),
    () => appendEvent(event(random, { type: undefined })),
    () => appendEvent(event(random, { id: 'x' })),
    () => appendEvent(EMPTY),
    () => EMPTY,
  ])();

const disordered = async (range: Range, random: Random): Promise<string> => {
  const stream = newName(random);
  const call = openCall(range.session(), paths.append);
  const parts = random.int(6);
  for (let n = 0; n < parts; n += 1) call.stream.write(framed(part(random, stream)));
  call.stream.end();
  const ending = await range.within('an append', call.ended);
  if (ending.kind !== 'status') throw new Fault(`an append ended with ${wordFor(ending)}`);
  const written = await eventsOf(range, stream);
  if (ending.code !== 0 && written > 0) throw new Fault('a refused append left events');
  return wordFor(ending);
};

export const classicShots: Readonly<Record<string, Kind>> = {
  'appends out of order': { weight: 8, shoot: disordered },
};
