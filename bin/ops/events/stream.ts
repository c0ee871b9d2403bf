import { z } from 'zod';
import { defineVerb, exits } from '../_cli/verb.ts';

const whole = (what: string, least: number) =>
  z.coerce
    .number({ error: `expected ${what}` })
    .int({ error: `expected ${what}` })
    .min(least, { error: `expected ${what}` });

export const eventsStream = defineVerb({
  name: 'stream',
  summary: 'Print the events of a stream, from the log itself',
  description:
    'Decoded as every consumer decodes them, in their newest version. Personal values read [personal].',
  input: z.strictObject({
    stream: z.string().min(1).meta({ description: 'its name, such as enrollment-enr_…' }),
    from: whole('a revision from 0', 0)
      .default(0)
      .meta({ description: 'from this revision on', value: 'REVISION' }),
    max: whole('a number from 1', 1).default(1000).meta({ description: 'most events', value: 'N' }),
  }),
  positional: ['stream'],
  finding: 'there is no such stream, or an event of it cannot be read by this release',
  examples: [
    {
      line: 'npm run ops -- events stream enrollment-enr_0000000000000000000000000a',
      does: 'everything that happened to an enrollment',
    },
    {
      line: 'npm run -s ops -- events stream seating-act_0000000000000000000000000a --from 100 --json',
      does: '[{ position, stream, revision, type, data, … }]',
    },
  ],
  run: async ({ input: { stream, from, max }, platform, out }) => {
    const [{ shownEvent, eventLines }, eventStore] = await Promise.all([
      import('./shown.ts'),
      platform.eventStore(),
    ]);
    const raws = await eventStore.readStreamRaw(stream, { from, max });
    const decoded = await eventStore.decode(raws);
    const events = raws.flatMap((raw, index) => {
      const event = decoded[index];
      return event === undefined ? [] : [shownEvent(raw, event)];
    });
    out.show(events, () => events.flatMap((event) => eventLines(event, out)));
    if (events.length === 0) {
      out.note(`${stream} has no events${from === 0 ? '' : ` from revision ${from} on`}.`);
    }
    if (events.length === max) out.note(`There may be more: --from ${from + max} goes on.`);
    const well = events.length > 0 && events.every(({ trouble }) => trouble === null);
    return well ? exits.well : exits.finding;
  },
});
