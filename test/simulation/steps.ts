import fc from 'fast-check';
import type { Principal } from '../../commands/_runtime/index.ts';
import { deriveId, type EnrollmentId } from '../../domain/_kernel/ids.ts';
import { rough } from './world/faults.ts';
import { BEGINNING, type World } from './world/index.ts';
import type { Delivery } from './world/postman.ts';
import type { Card } from './world/stripe.ts';

/** One thing that somebody does, or that goes wrong. Numbers pick among what there is by then. */
export type Step =
  | {
      readonly do: 'enroll';
      readonly member: number;
      readonly activity: number;
      readonly waits: boolean;
    }
  | { readonly do: 'pay'; readonly enrollment: number; readonly card: Card }
  | { readonly do: 'bank'; readonly intent: number; readonly pays: boolean }
  | { readonly do: 'cancel'; readonly enrollment: number; readonly byStaff: boolean }
  | { readonly do: 'cancel-activity'; readonly activity: number }
  | { readonly do: 'repeat'; readonly answer: number }
  | { readonly do: 'crash'; readonly process: number; readonly gone: number }
  | { readonly do: 'lose-sessions' }
  | { readonly do: 'jump'; readonly clock: number; readonly hours: number }
  | { readonly do: 'wait'; readonly seconds: number };

/** A step, and how many things happen before the next: what was begun goes on beside it. */
export type Timed = Step & { readonly meanwhile: number };

export type Plan = {
  /** Of everything that is left to chance. */
  readonly seed: number;
  readonly activities: readonly {
    readonly capacity: number;
    readonly price: number;
    readonly waitlist: boolean;
  }[];
  readonly delivery: Delivery;
  readonly rough: boolean;
  /** How many processes run the sagas. */
  readonly sagaProcesses: number;
  readonly failingRefunds: number;
  readonly steps: readonly Timed[];
};

const MEMBERS = 4;
/** How often within a step time moves on to the next timer. */
const MOST_IDLE = 4;
/** Each process and the database have a clock; the last number is all of them. */
const ALL_CLOCKS = 5;
const cards: readonly Card[] = ['pays', 'is-declined', 'asks-the-bank', 'takes-its-time'];
const few = fc.nat({ max: 11 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('enroll' as const),
      ...{ member: few, activity: few, waits: fc.boolean() },
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      ...{ do: fc.constant('pay' as const), enrollment: few },
      card: fc.oneof(
        { weight: 3, arbitrary: fc.constant<Card>('pays') },
        { weight: 2, arbitrary: fc.constantFrom(...cards) },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('bank' as const), intent: few, pays: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ do: fc.constant('cancel' as const), enrollment: few, byStaff: fc.boolean() },
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('cancel-activity' as const), activity: few }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), answer: few }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: fc.constant('crash' as const), process: few, gone: fc.nat({ max: 20 }) },
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose-sessions' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ do: fc.constant('jump' as const), clock: fc.nat({ max: ALL_CLOCKS }) },
      hours: fc.constantFrom(2, -2, 24, -24),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 30, 65, 600, 1795, 1805, 7200, 86_400),
    }),
  },
);

const timed: fc.Arbitrary<Timed> = fc
  .tuple(step, fc.oneof(fc.nat({ max: 8 }), fc.nat({ max: 80 })))
  .map(([what, meanwhile]) => ({ ...what, meanwhile }));

/** Every plan: a world with its faults, and what is done in it. */
export const plans = (mostSteps = 24): fc.Arbitrary<Plan> =>
  fc.record({
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    activities: fc.array(
      fc.record({
        capacity: fc.integer({ min: 1, max: 3 }),
        price: fc.constantFrom(2500, 2500, 0),
        waitlist: fc.boolean(),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    delivery: fc.constantFrom<Delivery>('in-order', 'storm', 'storm', 'lost'),
    rough: fc.boolean(),
    sagaProcesses: fc.constantFrom(1, 1, 2),
    failingRefunds: fc.constantFrom(0, 0, 30),
    steps: fc.array(timed, { minLength: 1, maxLength: mostSteps, size: 'max' }),
  });

const staff: Principal = { kind: 'person', id: deriveId('mem', 'staff'), roles: ['staff'] };
const memberOf = (number: number): Principal => ({
  kind: 'person',
  id: deriveId('mem', `member ${number % MEMBERS}`),
  roles: ['member'],
});

type Enrolled = { readonly id: EnrollmentId; readonly by: Principal };

/** What the people of a run know of each other. */
export type Stage = {
  readonly world: World;
  readonly activities: string[];
  readonly enrolled: Enrolled[];
  /** Wishes so far: their keys. */
  wishes: number;
};

const day = 86_400_000;
const at = (days: number): string => new Date(BEGINNING + days * day).toISOString();

/** Activities that are published before anything else happens, by staff whose calls do not fail. */
export async function setUp(world: World, plan: Plan): Promise<Stage> {
  const stage: Stage = { world, activities: [], enrolled: [], wishes: 0 };
  for (const [index, { capacity, price, waitlist }] of plan.activities.entries()) {
    const body = {
      ...{ title: `Activity ${index}`, venue: 'Tiergarten', timeZone: 'Europe/Berlin' },
      ...{ startsAt: at(60), endsAt: at(61), capacity, waitlist },
      price: { amount: price, currency: 'EUR' },
    };
    const wish = { principal: staff, params: {}, body, key: `draft ${index}` };
    world.clients.send({ command: 'draft-activity', ...wish }, ({ reply }) => {
      const { id: activityId } = reply as { id: string };
      const publish = { command: 'publish-activity', params: { activityId }, body: {} };
      const key = `publish ${index}`;
      world.clients.send({ ...publish, principal: staff, key }, () => {
        stage.activities[index] = activityId;
      });
    });
  }
  while (world.clients.open() > 0) await world.scheduler.step();
  if (plan.rough) world.network.weather = { ...rough };
  return stage;
}

const pick = <T>(list: readonly T[], number: number): T | undefined => list[number % list.length];

const keyOf = (stage: Stage): string => {
  stage.wishes += 1;
  return `wish ${stage.wishes}`;
};

type Doing = {
  readonly [Name in Step['do']]: (
    stage: Stage,
    step: Extract<Step, { do: Name }>,
  ) => Promise<void> | void;
};

/** What each step does. One for which there is nothing yet does nothing. */
const doing: Doing = {
  enroll: (stage, { member, activity, waits }) => {
    const { clients } = stage.world;
    const activityId = pick(stage.activities, activity);
    const principal = memberOf(member);
    const attendee = { name: 'Zofie', email: 'zofie@example.com' };
    const body = { attendee, joinWaitlist: waits };
    const wish = { command: 'enroll', params: { activityId }, body };
    clients.send({ ...wish, principal, key: keyOf(stage) }, ({ reply }) => {
      stage.enrolled.push({ id: (reply as { id: EnrollmentId }).id, by: principal });
    });
  },
  pay: (stage, { enrollment, card }) => {
    const { clients, scheduler, stripe } = stage.world;
    const enrolled = pick(stage.enrolled, enrollment);
    if (enrolled === undefined) return;
    const wish = {
      command: 'pay',
      params: { enrollmentId: enrolled.id },
      body: { method: 'card' },
    };
    clients.send({ ...wish, principal: enrolled.by, key: keyOf(stage) }, ({ reply }) => {
      const { clientSecret } = reply as { clientSecret: string };
      const intentId = clientSecret.replace('_secret', '');
      const owner = { name: 'payer', alive: true, outside: true } as const;
      const run = () => stripe.confirm(intentId, card);
      scheduler.ready({ owner, label: `card ${card} for ${intentId}`, run });
    });
  },
  bank: ({ world: { stripe } }, { intent, pays }) => {
    const asked = [...stripe.intents.values()].filter(
      ({ status }) => status === 'requires_action' || status === 'processing',
    );
    const one = pick(asked, intent);
    if (one !== undefined) stripe.answerOfBank(one.id, pays);
  },
  cancel: (stage, { enrollment, byStaff }) => {
    const enrolled = pick(stage.enrolled, enrollment);
    if (enrolled === undefined) return;
    const wish = { command: 'cancel-enrollment', params: { enrollmentId: enrolled.id }, body: {} };
    const principal = byStaff ? staff : enrolled.by;
    stage.world.clients.send({ ...wish, principal, key: keyOf(stage) });
  },
  'cancel-activity': (stage, { activity }) => {
    const activityId = pick(stage.activities, activity);
    const wish = { command: 'cancel-activity', params: { activityId }, body: { reason: 'storm' } };
    stage.world.clients.send({ ...wish, principal: staff, key: keyOf(stage) });
  },
  repeat: ({ world: { clients } }, { answer }) => {
    const told = pick(clients.told, answer);
    if (told !== undefined) clients.repeat(told);
  },
  crash: async ({ world: { processes, scheduler } }, { process, gone }) => {
    const one = pick(processes, process);
    if (one === undefined) return;
    await one.crash();
    // Its supervisor starts it again.
    const supervisor = { name: 'supervisor', alive: true, outside: true } as const;
    const run = () => one.start();
    scheduler.at(scheduler.now() + gone * 250, {
      owner: supervisor,
      label: `start ${one.name}`,
      run,
    });
  },
  'lose-sessions': ({ world: { database } }) => database.loseSessions(),
  jump: ({ world: { processes, database, scheduler } }, { clock, hours }) => {
    const clocks = [...processes.map((process) => process.clock), database.clock];
    const chosen = clock === ALL_CLOCKS ? clocks : [pick(clocks, clock)];
    for (const one of chosen) if (one !== undefined) one.offset += hours * 3_600_000;
    scheduler.note('clock', `${clock === ALL_CLOCKS ? 'all' : clock} by ${hours} h`);
  },
  wait: ({ world: { scheduler } }, { seconds }) => {
    scheduler.note('time', `${seconds} s pass`);
    scheduler.leap(scheduler.now() + seconds * 1000);
  },
};

export async function take(stage: Stage, { meanwhile, ...step }: Timed): Promise<void> {
  stage.world.scheduler.note('step', JSON.stringify(step));
  const perform = doing[step.do] as (stage: Stage, step: Step) => Promise<void> | void;
  await perform(stage, step);
  const { scheduler } = stage.world;
  // Where nothing is under way time stands still, but for a few looks: it is the steps that let it pass.
  let idle = 0;
  for (let count = 0; count < meanwhile && idle < MOST_IDLE; count += 1) {
    if (!scheduler.busy()) idle += 1;
    await scheduler.step();
  }
}
