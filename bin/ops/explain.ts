import { z } from 'zod';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import type { Cause, Explainer } from '../../projections/_runtime/explain.ts';
import { type Output, plain } from './_cli/output.ts';
import { defineVerb, exits } from './_cli/verb.ts';
import { unknownProjection } from './projections/unknown.ts';

const BATCH = 500;
/** Events between two progress lines. */
const PROGRESS = 20_000;

export const explain = defineVerb({
  name: 'explain',
  summary: 'Show which events made the rows of a read model',
  description: `Reads the log from its beginning and folds the events of one key with the reducers that wrote the
tables: which event made, changed or removed which row, and which columns. A key is what the read model
is about: an enrollment, an activity, a payment; \`projections parked\` and the read model's reference name
them. Values are not printed, they may be personal: \`events stream\` has what the events say.`,
  input: z.strictObject({
    projection: z.string().min(1).meta({ description: 'which read model' }),
    key: z.string().min(1).meta({ description: 'whose rows, such as enr_… or act_…' }),
  }),
  positional: ['projection', 'key'],
  finding: 'no event has this key, or one of them could not be applied',
  examples: [
    {
      line: 'npm run ops -- explain enrollments enr_0000000000000000000000000a',
      does: 'event by event, what became of an enrollment',
    },
    {
      line: 'npm run -s ops -- explain activity-catalogue act_0000000000000000000000000a --json',
      does: '[{ ordinal, recordedAt, type, stream, revision, touched: [{ table, key, what, columns }], fault }]',
    },
  ],
  run: async ({ input: { projection, key }, platform, out, signal }) => {
    const [{ projections }, { createExplainer }] = await Promise.all([
      import('../../projections/index.ts'),
      import('../../projections/_runtime/explain.ts'),
    ]);
    const definition = projections.find(({ name }) => name === projection);
    if (definition === undefined) throw unknownProjection(projection, projections);
    const eventStore = await platform.eventStore();
    const causes = await explained(createExplainer(definition, key), { eventStore, out, signal });
    out.show(causes.map(shownCause), () => causes.flatMap((cause) => linesOf(cause, out)));
    if (causes.length === 0) out.note(`No event of ${projection} has the key ${key}.`);
    const well = causes.length > 0 && causes.every(({ fault }) => fault === null);
    return well ? exits.well : exits.finding;
  },
});

export type Reading = {
  readonly eventStore: EventStore;
  readonly out: Output;
  readonly signal: AbortSignal;
};

/** What the whole log says about the key. */
export async function explained(explainer: Explainer, reading: Reading): Promise<readonly Cause[]> {
  const causes: Cause[] = [];
  await readLog(reading, (event) => {
    const cause = explainer.add(event);
    if (cause !== null) causes.push(cause);
    return undefined;
  });
  return causes;
}

/** Reads the log from its beginning to where its end is then; stops early when `each` says so. */
export async function readLog(
  { eventStore, out, signal }: Reading,
  each: (event: DeliveredEvent) => 'enough' | undefined,
): Promise<void> {
  const { deliveredEvent } = await import('../../platform/consumer/index.ts');
  const feed = eventStore.feed(null);
  const close = () => feed.close();
  signal.addEventListener('abort', close, { once: true });
  let ordinal = 0;
  try {
    for (;;) {
      const items = await feed.take(BATCH);
      const raws = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
      const decoded = await eventStore.decode(raws);
      for (const [index, raw] of raws.entries()) {
        ordinal += 1;
        const event = decoded[index] ?? new RangeError('it was not decoded');
        if (each(deliveredEvent(raw, event, ordinal)) === 'enough') return;
        if (ordinal % PROGRESS === 0) out.progress(`${ordinal} events read`);
      }
      if (items.some(({ kind }) => kind === 'caught-up')) return;
    }
  } finally {
    signal.removeEventListener('abort', close);
    feed.close();
  }
}

export const shownCause = ({ event, touched, fault }: Cause) => ({
  ordinal: event.ordinal,
  recordedAt: event.metadata.recordedAt,
  ...{ type: event.type, stream: event.stream, revision: event.revision, touched, fault },
});

export function linesOf({ event, touched, fault }: Cause, out: Output): readonly string[] {
  const { ordinal, type, stream, revision, metadata } = event;
  const when = out.paint('dim', `${metadata.recordedAt}  #${ordinal}`);
  return [
    `${when}  ${out.paint('bold', plain(type))}  ${plain(`${stream}@${revision}`)}`,
    ...touched.map(({ table, key, what, columns }) => {
      const row = Object.values(key).join(', ');
      const which = what === 'changed' ? `: ${columns.join(', ')}` : '';
      return `    ${table} (${plain(row)}) ${what}${which}`;
    }),
    ...(fault === null ? [] : [`    ${out.paint('red', plain(`not applied: ${fault}`))}`]),
  ];
}
