import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { EventStore, Feed, RawEvent } from '../../../platform/event-store/index.ts';
import { reasonOf } from '../_cli/reason.ts';
import { defineVerb, exits, type Run } from '../_cli/verb.ts';

const PAUSE_MS = 1000;

const input = z.strictObject({
  from: z
    .string()
    .regex(/^(start|end|\d{1,19})$/, { error: 'expected start, end or a position of the log' })
    .default('end')
    .meta({ description: 'start, end, or behind this position of the log', value: 'PLACE' }),
  type: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'only these types, separated by commas', value: 'TYPE[,TYPE…]' }),
  stream: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'only streams that begin so', value: 'PREFIX' }),
  untilHead: z
    .boolean()
    .default(false)
    .meta({ description: 'end at the head of the log instead of waiting for more' }),
  max: z.coerce
    .number({ error: 'expected a number from 1' })
    .int({ error: 'expected a number from 1' })
    .min(1, { error: 'expected a number from 1' })
    .optional()
    .meta({ description: 'end after so many events', value: 'N' }),
});
type Input = z.output<typeof input>;

export const eventsTail = defineVerb({
  name: 'tail',
  summary: 'Print events as they happen, in the order of the log',
  description: `Until Ctrl-C; a lost connection is opened again where it was. With --json one object a line.
Personal values read [personal].`,
  input,
  positional: [],
  finding: 'an event cannot be read by this release',
  examples: [
    { line: 'npm run ops -- events tail', does: 'from now on' },
    {
      line: 'npm run ops -- events tail --from start --until-head --type PaymentSucceeded,RefundSettled',
      does: 'every payment and refund there has been',
    },
    {
      line: 'npm run -s ops -- events tail --stream enrollment- --json | head -n 1',
      does: 'what becomes of enrollments, one JSON object a line',
    },
  ],
  run: async (run) => {
    const { input: asked, platform, signal } = run;
    const { shownEvent, eventLines } = await import('./shown.ts');
    const eventStore = await platform.eventStore();
    const wanted = filterOf(asked);
    let left = asked.max ?? Number.POSITIVE_INFINITY;
    let well = true;
    for await (const raws of follow(run, eventStore)) {
      const chosen = raws.filter(wanted).slice(0, left);
      const decoded = await eventStore.decode(chosen);
      for (const [index, raw] of chosen.entries()) {
        const event = shownEvent(raw, decoded[index] ?? new RangeError('it was not decoded'));
        well &&= event.trouble === null;
        run.out.record(event, () => eventLines(event, run.out));
      }
      left -= chosen.length;
      if (left <= 0 || signal.aborted) break;
    }
    return well ? exits.well : exits.finding;
  },
});

function filterOf({ type, stream }: Input): (event: RawEvent) => boolean {
  const types = type === undefined ? null : new Set(type.split(',').map((one) => one.trim()));
  return (event) =>
    (types === null || types.has(event.type)) &&
    (stream === undefined || event.stream.startsWith(stream));
}

/** Everything behind a place, batch by batch, over lost connections. Ends with the signal or at the head. */
async function* follow(
  { input: asked, out, signal }: Run<Input>,
  eventStore: EventStore,
): AsyncIterable<readonly RawEvent[]> {
  let position = await placeOf(asked.from, eventStore);
  for (;;) {
    const feed = eventStore.feed(position);
    const close = () => feed.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      for await (const raws of batchesOf(feed, asked.untilHead)) {
        position = raws.at(-1)?.position ?? position;
        yield raws;
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      out.note(`The event store went away (${reasonOf(error)}); going on when it is back.`);
    } finally {
      signal.removeEventListener('abort', close);
      feed.close();
    }
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** What a feed brings; ends only at the head, when that is wanted. */
async function* batchesOf(feed: Feed, untilHead: boolean): AsyncIterable<readonly RawEvent[]> {
  for (;;) {
    const items = await feed.take(500);
    yield items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
    if (untilHead && items.some(({ kind }) => kind === 'caught-up')) return;
  }
}

async function placeOf(from: string, eventStore: EventStore): Promise<bigint | null> {
  // Asked first whatever the place is: a store that is not there is told at once.
  const head = await eventStore.head();
  if (from === 'start') return null;
  return from === 'end' ? head : BigInt(from);
}
