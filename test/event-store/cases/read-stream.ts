import { type Direction, END, type ReadRevision, START } from '@eventstore/db-client';
import { rule, ruleGiven } from '../case.ts';
import { failure, happened, newStream, numbers, range, read, revisions, several } from '../kit.ts';
import type { RuleId } from '../rules.ts';

type Row = readonly [RuleId, Direction, ReadRevision, number | undefined, readonly bigint[]];

/** rule, direction, from, at most, what of a stream of ten comes */
const rows: readonly Row[] = [
  ['read.ends', 'forwards', START, undefined, range(0, 9)],
  ['read.ends', 'forwards', END, undefined, []],
  ['read.ends', 'backwards', END, undefined, range(9, 0)],
  ['read.ends', 'backwards', START, undefined, [0n]],
  ['read.from', 'forwards', 0n, undefined, range(0, 9)],
  ['read.from', 'forwards', 4n, undefined, range(4, 9)],
  ['read.from', 'forwards', 9n, undefined, [9n]],
  ['read.from', 'backwards', 0n, undefined, [0n]],
  ['read.from', 'backwards', 4n, undefined, range(4, 0)],
  ['read.from', 'backwards', 9n, undefined, range(9, 0)],
  ['read.beyond', 'forwards', 10n, undefined, []],
  ['read.beyond', 'forwards', 4_000_000_000n, undefined, []],
  ['read.beyond', 'backwards', 10n, undefined, range(9, 0)],
  ['read.beyond', 'backwards', 4_000_000_000n, 2, range(9, 8)],
  ['read.count', 'forwards', START, 1, [0n]],
  ['read.count', 'forwards', 4n, 2, range(4, 5)],
  ['read.count', 'forwards', 8n, 5, range(8, 9)],
  ['read.count', 'backwards', END, 1, [9n]],
  ['read.count', 'backwards', 4n, 2, range(4, 3)],
  ['read.count', 'backwards', 1n, 5, range(1, 0)],
];

export const readStream = [
  ...rows.map(([id, direction, fromRevision, maxCount, expected]) =>
    ruleGiven(
      id,
      `${direction} from ${fromRevision}${maxCount === undefined ? '' : `, at most ${maxCount}`}`,
      async ({ client }) => {
        const stream = newStream();
        await client.appendToStream(stream, several(10));
        return stream;
      },
      async ({ client, expect }, stream) => {
        const count = maxCount === undefined ? {} : { maxCount };
        const found = await read(client.readStream(stream, { direction, fromRevision, ...count }));
        expect(revisions(found)).toEqual(expected);
      },
    ),
  ),
  rule('read.missing', 'a stream that never was is not found', async ({ client, expect }) => {
    for (const direction of ['forwards', 'backwards'] as const) {
      const stream = newStream();
      const fromRevision = direction === 'forwards' ? START : END;
      const reading = read(client.readStream(stream, { direction, fromRevision }));
      expect(await failure(reading)).toMatchObject({
        type: 'stream-not-found',
        streamName: stream,
      });
    }
  }),
  ruleGiven(
    'read.missing',
    'a stream of metadata alone is not found',
    async ({ client }) => {
      const stream = newStream();
      await client.setStreamMetadata(stream, { mine: 1 });
      return stream;
    },
    async ({ client, expect }, stream) => {
      expect(await failure(read(client.readStream(stream)))).toMatchObject({
        type: 'stream-not-found',
      });
    },
  ),
  ruleGiven(
    'read.long',
    'two thousand events, either way',
    async ({ client }) => {
      const stream = newStream();
      for (let n = 0; n < 2_000; n += 500) await client.appendToStream(stream, several(500, n));
      return stream;
    },
    async ({ client, expect }, stream) => {
      const upwards = Array.from({ length: 2_000 }, (_, n) => n);
      expect(numbers(await read(client.readStream(stream)))).toEqual(upwards);
      const newestFirst = { direction: 'backwards', fromRevision: END } as const;
      expect(numbers(await read(client.readStream(stream, newestFirst)))).toEqual(
        upwards.toReversed(),
      );
    },
  ),
  ruleGiven(
    'read.early-end',
    'a reader that stops leaves nothing behind',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(50));
      return stream;
    },
    async ({ client, expect }, stream) => {
      for (let time = 0; time < 5; time++) {
        for await (const { event } of client.readStream(stream)) {
          if (event?.revision === 3n) break;
        }
      }
      expect(await read(client.readStream(stream))).toHaveLength(50);
    },
  ),
  ruleGiven(
    'read.recorded',
    'an event knows its stream, number, position and time',
    async ({ client }) => {
      const stream = newStream();
      const event = happened(7);
      const answer = await client.appendToStream(stream, event);
      return { stream, event, answer };
    },
    async ({ client, expect }, { stream, event, answer }) => {
      const [found] = await read(client.readStream(stream));
      expect(found?.event).toMatchObject({
        streamId: stream,
        id: event.id,
        type: 'happened',
        revision: 0n,
        position: answer.position,
        data: { n: 7 },
      });
      expect(found?.event?.created).toBeInstanceOf(Date);
      expect(found?.commitPosition).toBe(answer.position?.commit);
    },
  ),
];
