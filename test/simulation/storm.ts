import fc from 'fast-check';
import type { AnyRow } from '../../projections/_runtime/table.ts';
import { projections } from '../../projections/index.ts';
import { difference } from './compare.ts';
import { comeToRest } from './rest.ts';
import { type Plan, type Stage, type Step, setUp, take } from './steps.ts';
import type { Engine } from './world/database.ts';
import { createWorld, type World } from './world/index.ts';
import type { Delivery } from './world/postman.ts';
import type { Card } from './world/stripe.ts';

/** Customers who do not get into each other's way, and what each does. */
export type Storm = {
  readonly seed: number;
  readonly customers: readonly {
    readonly card: Card;
    /** What the bank says where it is asked; `nothing`: the customer never comes back from 3-D Secure. */
    readonly bank: 'pays' | 'refuses' | 'nothing';
    /** After all is known. */
    readonly cancels: boolean;
  }[];
};

export const storms: fc.Arbitrary<Storm> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  customers: fc.array(
    fc.record({
      card: fc.constantFrom<Card>('pays', 'pays', 'is-declined', 'asks-the-bank'),
      bank: fc.constantFrom('pays' as const, 'refuses' as const, 'nothing' as const),
      cancels: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

/** Past every look at a payment that comes before the end of a hold, and past that end. */
const STAGES_S = [65, 200, 400, 1200];

/**
 * Plays the same customers with webhooks in order, each once, and in a storm: five times, shuffled,
 * every tenth held back until the holds have ended. Null: both ended in the same bytes.
 */
export async function differs(engine: Engine, storm: Storm): Promise<string | null> {
  const calm = await endOf(engine, storm, 'in-order');
  const rough = await endOf(engine, storm, 'storm');
  return difference(calm, rough);
}

async function endOf(engine: Engine, storm: Storm, delivery: Delivery): Promise<string[]> {
  const world = await createWorld({
    ...{ engine, seed: storm.seed, delivery, failingRefunds: 0, sagaProcesses: 1 },
    onEvent: () => undefined,
  });
  try {
    await play(world, storm, delivery);
    return dump(world);
  } finally {
    for (const process of world.processes) await process.crash();
    await world.database.end();
  }
}

async function play(world: World, storm: Storm, delivery: Delivery): Promise<void> {
  const { scheduler } = world;
  const plan: Plan = {
    ...{ seed: storm.seed, delivery, rough: false, sagaProcesses: 1, failingRefunds: 0 },
    activities: [{ capacity: storm.customers.length, price: 2500, waitlist: false }],
    steps: [],
  };
  const stage = await setUp(world, plan);
  for (const [index, customer] of storm.customers.entries()) {
    await step(stage, { do: 'enroll', member: index, activity: 0, waits: false });
    await step(stage, { do: 'pay', enrollment: index, card: customer.card });
    const intent = [...world.stripe.intents.values()].at(-1);
    if (intent !== undefined && customer.bank !== 'nothing') {
      world.stripe.answerOfBank(intent.id, customer.bank === 'pays');
    }
  }
  for (const seconds of STAGES_S) {
    scheduler.leap(scheduler.now() + seconds * 1000);
    await scheduler.settle();
  }
  await comeToRest(world);
  for (const [index, { cancels }] of storm.customers.entries()) {
    if (cancels) await step(stage, { do: 'cancel', enrollment: index, byStaff: false });
  }
  await comeToRest(world);
  scheduler.leap(scheduler.now() + 61_000);
  await comeToRest(world);
}

/** One step, and all that can follow from it at once. */
async function step(stage: Stage, what: Step): Promise<void> {
  const { scheduler, clients } = stage.world;
  await take(stage, { ...what, meanwhile: 0 });
  while (clients.open() > 0) await scheduler.step();
  await scheduler.settle();
}

/** The history itself, which may be told in another order. */
const HISTORY = new Set(['audit_events']);
/** When and as which event something was heard: that is what a storm changes. */
const isOfTheTelling = (name: string, type: string): boolean =>
  /ordinal|^journal_id$|^revision$/.test(name) ||
  (type === 'timestamptz' && !['starts_at', 'ends_at'].includes(name));

/** Every row of every read model in one spelling, without when it was heard. */
function dump(world: World): string[] {
  const tables = projections.flatMap((definition) => definition.tables);
  return tables
    .filter(({ name }) => !HISTORY.has(name))
    .flatMap(({ name, columns }) => {
      const kept = Object.entries(columns)
        .filter(([column, { type }]) => !isOfTheTelling(column, type))
        .map(([column]) => column)
        .toSorted();
      const text = (row: AnyRow) => JSON.stringify(kept.map((column) => [column, row[column]]));
      return world.readModels
        .rows(name)
        .map((row) => `${name} ${text(row)}`)
        .toSorted();
    });
}
