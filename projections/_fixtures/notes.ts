import { defineTable } from '../_runtime/table.ts';

/** A table for specs of the runtime. */
export const notes = defineTable({
  name: 'notes',
  comment: 'A table of a spec.',
  columns: {
    id: { type: 'text', comment: 'Id' },
    note: { type: 'text', comment: 'Note' },
  },
  key: ['id'],
});
