import { z } from 'zod';
import { defineVerb } from '../_cli/verb.ts';
import { eventPlaceSchema } from './place.ts';

export const eventsShow = defineVerb({
  name: 'show',
  summary: 'Show one event: what it says, what caused it, what it caused',
  description: `By its id, its stream and revision, or its ordinal (its place in the log, counted from 1). The event is
read from the log; causes and effects come from the audit trail, which may be a moment behind. Personal
values read [personal]: they are encrypted, and whose key opens them is told.`,
  input: z.strictObject({
    event: eventPlaceSchema.meta({
      description: 'which one: an id, STREAM@REVISION or an ordinal',
      value: 'EVENT',
    }),
  }),
  positional: ['event'],
  finding: 'there is no such event, or it cannot be read by this release',
  examples: [
    {
      line: 'npm run ops -- events show enrollment-enr_0000000000000000000000000a@0',
      does: 'how an enrollment began, and everything that followed from it',
    },
    { line: 'npm run ops -- events show 1204', does: 'the event of that ordinal' },
    {
      line: 'npm run -s ops -- events show 0b9d4a5e-7f43-5c55-9d3c-0a4c6d9c1a77 --json',
      does: '{ ordinal, stream, revision, type, data, personal, metadata, causes, began, effects, more }',
    },
  ],
  run: async (run) => {
    const { showEvent } = await import('./show-event.ts');
    return showEvent(run, run.input.event);
  },
});
