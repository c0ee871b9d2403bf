import type { Plan } from './steps.ts';

/** A plan that once broke something, kept for good: what it found, and the commit's subject that mended it. */
export type KeptSeed = {
  readonly found: string;
  readonly mendedBy: string;
  readonly plan: Plan;
};

/** Found by `npm run simulate`, made small by fast-check, played again by every `npm test`. */
export const keptSeeds: readonly KeptSeed[] = [
  {
    found:
      "the database's clock went back a day: a lease on the inbox stood for a day, and with it the webhooks of that object",
    mendedBy: 'Let no clock of the database hold a webhook or the statement up for a day',
    plan: {
      seed: 0,
      activities: [{ capacity: 1, price: 2500, waitlist: false }],
      delivery: 'in-order',
      rough: true,
      sagaProcesses: 1,
      failingRefunds: 0,
      steps: [
        { do: 'enroll', member: 0, activity: 0, waits: false, meanwhile: 4 },
        { do: 'jump', clock: 0, hours: 2, meanwhile: 2 },
        { do: 'pay', enrollment: 0, card: 'pays', meanwhile: 58 },
        { do: 'pay', enrollment: 0, card: 'pays', meanwhile: 7 },
        { do: 'bank', intent: 0, pays: false, meanwhile: 42 },
        { do: 'jump', clock: 3, hours: -24, meanwhile: 5 },
        { do: 'bank', intent: 2, pays: false, meanwhile: 24 },
        { do: 'pay', enrollment: 8, card: 'pays', meanwhile: 3 },
        { do: 'cancel', enrollment: 9, byStaff: true, meanwhile: 8 },
        { do: 'lose-sessions', meanwhile: 0 },
        { do: 'bank', intent: 11, pays: true, meanwhile: 7 },
        { do: 'pay', enrollment: 7, card: 'pays', meanwhile: 5 },
        { do: 'lose-sessions', meanwhile: 7 },
        { do: 'enroll', member: 10, activity: 3, waits: false, meanwhile: 38 },
        { do: 'cancel-activity', activity: 3, meanwhile: 25 },
        { do: 'pay', enrollment: 2, card: 'is-declined', meanwhile: 3 },
        { do: 'pay', enrollment: 6, card: 'pays', meanwhile: 3 },
      ],
    },
  },
];
