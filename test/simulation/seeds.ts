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
    found: 'a day without the sagas: holds were asked for minute by minute, in one burst',
    mendedBy: 'Ask less and less often for a hold that is still there',
    plan: {
      seed: 1583310953,
      activities: [
        { capacity: 3, price: 2500, waitlist: true },
        { capacity: 1, price: 2500, waitlist: true },
      ],
      delivery: 'lost',
      rough: true,
      sagaProcesses: 1,
      failingRefunds: 30,
      steps: [
        { do: 'pay', enrollment: 10, card: 'pays', meanwhile: 28 },
        { do: 'enroll', member: 6, activity: 11, waits: false, meanwhile: 6 },
        { do: 'bank', intent: 7, pays: true, meanwhile: 80 },
        { do: 'wait', seconds: 1795, meanwhile: 1 },
        { do: 'cancel-activity', activity: 6, meanwhile: 6 },
        { do: 'crash', process: 6, gone: 11, meanwhile: 0 },
        { do: 'wait', seconds: 1, meanwhile: 6 },
        { do: 'pay', enrollment: 10, card: 'takes-its-time', meanwhile: 5 },
        { do: 'enroll', member: 7, activity: 9, waits: true, meanwhile: 19 },
        { do: 'enroll', member: 9, activity: 8, waits: true, meanwhile: 35 },
        { do: 'enroll', member: 7, activity: 2, waits: true, meanwhile: 2 },
        { do: 'pay', enrollment: 6, card: 'pays', meanwhile: 4 },
        { do: 'crash', process: 4, gone: 3, meanwhile: 0 },
        { do: 'enroll', member: 9, activity: 1, waits: false, meanwhile: 52 },
        { do: 'jump', clock: 0, hours: 24, meanwhile: 50 },
        { do: 'wait', seconds: 86400, meanwhile: 1 },
        { do: 'pay', enrollment: 4, card: 'pays', meanwhile: 77 },
        { do: 'enroll', member: 2, activity: 6, waits: true, meanwhile: 6 },
      ],
    },
  },
  {
    found: "the database's clock went back a day: leases of dead workers stood for that day",
    mendedBy: 'Let no clock of the database hold a webhook or the statement up for a day',
    plan: {
      seed: 1682694941,
      activities: [{ capacity: 1, price: 2500, waitlist: false }],
      delivery: 'in-order',
      rough: false,
      sagaProcesses: 2,
      failingRefunds: 0,
      steps: [
        { do: 'jump', clock: 0, hours: -2, meanwhile: 15 },
        { do: 'bank', intent: 0, pays: false, meanwhile: 9 },
        { do: 'enroll', member: 1, activity: 9, waits: false, meanwhile: 1 },
        { do: 'enroll', member: 11, activity: 11, waits: true, meanwhile: 4 },
        { do: 'crash', process: 5, gone: 10, meanwhile: 7 },
        { do: 'wait', seconds: 30, meanwhile: 43 },
        { do: 'lose-sessions', meanwhile: 15 },
        { do: 'repeat', answer: 8, meanwhile: 8 },
        { do: 'crash', process: 10, gone: 2, meanwhile: 24 },
        { do: 'wait', seconds: 1795, meanwhile: 7 },
        { do: 'wait', seconds: 1795, meanwhile: 19 },
        { do: 'jump', clock: 4, hours: -24, meanwhile: 7 },
        { do: 'crash', process: 10, gone: 19, meanwhile: 59 },
        { do: 'cancel-activity', activity: 0, meanwhile: 6 },
        { do: 'pay', enrollment: 3, card: 'pays', meanwhile: 60 },
        { do: 'pay', enrollment: 9, card: 'pays', meanwhile: 37 },
      ],
    },
  },
  {
    found:
      'a day asleep between making a request and sending it: a PaymentIntent that nobody is given',
    mendedBy: 'Take a PaymentIntent that nobody was given for what it is',
    plan: {
      seed: 141857146,
      activities: [{ capacity: 1, price: 2500, waitlist: false }],
      delivery: 'in-order',
      rough: true,
      sagaProcesses: 1,
      failingRefunds: 0,
      steps: [
        { do: 'enroll', member: 0, activity: 0, waits: false, meanwhile: 51 },
        { do: 'repeat', answer: 2, meanwhile: 19 },
        { do: 'enroll', member: 0, activity: 6, waits: false, meanwhile: 61 },
        { do: 'crash', process: 10, gone: 20, meanwhile: 6 },
        { do: 'enroll', member: 10, activity: 11, waits: false, meanwhile: 44 },
        { do: 'pay', enrollment: 3, card: 'takes-its-time', meanwhile: 41 },
        { do: 'jump', clock: 2, hours: 2, meanwhile: 14 },
        { do: 'lose-sessions', meanwhile: 12 },
        { do: 'cancel-activity', activity: 3, meanwhile: 7 },
        { do: 'enroll', member: 1, activity: 2, waits: false, meanwhile: 3 },
        { do: 'pay', enrollment: 6, card: 'asks-the-bank', meanwhile: 67 },
        { do: 'enroll', member: 2, activity: 2, waits: false, meanwhile: 0 },
        { do: 'enroll', member: 4, activity: 10, waits: true, meanwhile: 8 },
        { do: 'cancel-activity', activity: 6, meanwhile: 74 },
        { do: 'enroll', member: 0, activity: 11, waits: true, meanwhile: 47 },
        { do: 'pay', enrollment: 0, card: 'asks-the-bank', meanwhile: 9 },
        { do: 'crash', process: 8, gone: 5, meanwhile: 74 },
        { do: 'wait', seconds: 86400, meanwhile: 0 },
        { do: 'pay', enrollment: 11, card: 'takes-its-time', meanwhile: 0 },
        { do: 'cancel-activity', activity: 0, meanwhile: 11 },
        { do: 'crash', process: 7, gone: 7, meanwhile: 32 },
        { do: 'wait', seconds: 1805, meanwhile: 8 },
        { do: 'cancel', enrollment: 9, byStaff: false, meanwhile: 7 },
      ],
    },
  },
  {
    found:
      "the database's clock went back: the lease of a killed reader of the statement stood for as long",
    mendedBy: 'Look at the statement again once its lease is over',
    plan: {
      seed: 0,
      activities: [{ capacity: 1, price: 2500, waitlist: false }],
      delivery: 'in-order',
      rough: false,
      sagaProcesses: 2,
      failingRefunds: 0,
      steps: [
        { do: 'enroll', member: 0, activity: 0, waits: false, meanwhile: 0 },
        { do: 'wait', seconds: 65, meanwhile: 10 },
        { do: 'crash', process: 10, gone: 1, meanwhile: 45 },
        { do: 'pay', enrollment: 0, card: 'pays', meanwhile: 6 },
        { do: 'jump', clock: 4, hours: -2, meanwhile: 6 },
        { do: 'pay', enrollment: 0, card: 'pays', meanwhile: 0 },
        { do: 'lose-sessions', meanwhile: 0 },
      ],
    },
  },
];
