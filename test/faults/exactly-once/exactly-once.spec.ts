import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LogOfRecord, startLogOfRecord } from '../../support/log-of-record.ts';
import { writeLanes } from '../../support/write-lanes.ts';
import { type Consumers, expectOnceInOrder, hashesOf, readBare, startConsumers } from './stage.ts';

/** `EVENTS=200000` is the published figure. */
const EVENTS = Number(process.env['EVENTS'] ?? 10_000);
const KILLS = 3;
const PATIENCE_MS = 60_000 + EVENTS * 10;

/** Kills the consumers each time they have handled another part, until all is handled. */
async function killedOnTheWay(consumers: Consumers, events: number): Promise<number> {
  let kills = 0;
  const since = Date.now();
  await expect
    .poll(
      async () => {
        const handled = await consumers.handled();
        if (kills < KILLS && handled > ((kills + 1) * events) / (KILLS + 2)) {
          await consumers.restart();
          kills += 1;
        }
        return handled;
      },
      { timeout: PATIENCE_MS, interval: 20 },
    )
    .toBeGreaterThanOrEqual(events);
  expect(kills).toBe(KILLS);
  return Date.now() - since;
}

describe.each([16, 64])('a log that %i write at the same time', (writers) => {
  let log: LogOfRecord;
  let bare: Awaited<ReturnType<typeof readBare>>;
  const all: Consumers[] = [];
  const start = async (): Promise<Consumers> => {
    const consumers = await startConsumers(log);
    all.push(consumers);
    return consumers;
  };

  beforeAll(async () => {
    log = await startLogOfRecord();
  });
  afterAll(async () => {
    for (const consumers of all) await consumers.stop();
    await log?.stop();
  });

  test(
    'is handled once and in order while it is written, by consumers that are killed',
    async () => {
      const consumers = await start();
      // The first event of a log is its own.
      const handling = killedOnTheWay(consumers, EVENTS + 1);
      const begun = Date.now();
      const [written, handledMs] = await Promise.all([
        writeLanes({ eventStore: log.eventStore, writers, events: EVENTS }).then((streams) => ({
          streams,
          ms: Date.now() - begun,
        })),
        handling,
      ]);
      bare = await readBare(log);
      expect(bare).toHaveLength(EVENTS + 1);
      const inLog = Map.groupBy(bare, ({ stream }) => stream);
      for (const [stream, ids] of written.streams) {
        expect(inLog.get(stream)?.map(({ id }) => id)).toEqual(ids);
      }
      await expectOnceInOrder(consumers, bare);
      console.log(
        `${EVENTS} events by ${writers} writers in ${written.ms} ms, handled once and in order ${handledMs} ms after they began, ${KILLS} times kill -9`,
      );
    },
    2 * PATIENCE_MS,
  );

  test(
    'is handled once and in order afterwards, and gives the same bytes',
    async () => {
      const consumers = await start();
      const handledMs = await killedOnTheWay(consumers, EVENTS + 1);
      await expectOnceInOrder(consumers, bare);
      const [live] = all;
      if (live === undefined) throw new Error('nobody was there');
      expect(await hashesOf(consumers)).toEqual(await hashesOf(live));
      console.log(`${EVENTS} events caught up with in ${handledMs} ms, ${KILLS} times kill -9`);
    },
    2 * PATIENCE_MS,
  );
});
