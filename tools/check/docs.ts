import type { Step } from './step.ts';
export const docs: Step = {
  name: 'docs',
  what: 'later',
  run: async () => ({ ok: true, summary: 'later' }),
};
