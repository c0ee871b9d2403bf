import { createFacts } from './invariants/facts.ts';
import { invariants } from './invariants/index.ts';
import { type Plan, setUp, take } from './steps.ts';
import type { Engine } from './world/database.ts';
import { calm } from './world/faults.ts';
import { createWorld, type World } from './world/index.ts';
import type { TraceLine } from './world/scheduler.ts';

export type Violation = { readonly invariant: string; readonly what: string };

export type Outcome = {
  readonly violations: readonly Violation[];
  /** SHA-256 over the trace: the same plan has the same. */
  readonly hash: string;
  readonly trace: readonly TraceLine[];
  readonly tasks: number;
  readonly events: number;
  /** Virtual time, in milliseconds. */
  readonly passed: number;
};

/** Longer than the pause between two looks at Stripe's statement. */
const STATEMENT_MS = 61_000;

/** Rounds until rest: each is one look at what is left to do. */
const MOST_ROUNDS = 400;

/** Plays a plan until everything has come to rest, and checks what was promised. */
export async function run(engine: Engine, plan: Plan): Promise<Outcome> {
  const facts = createFacts();
  const violations: Violation[] = [];
  const broken = (invariant: string, all: readonly string[]): void =>
    void violations.push(...all.map((what) => ({ invariant, what })));
  const world = await createWorld({
    ...{ engine, seed: plan.seed, delivery: plan.delivery },
    ...{ failingRefunds: plan.failingRefunds, sagaProcesses: plan.sagaProcesses },
    onEvent: (event, at) => {
      facts.hear(event);
      for (const [name, { afterEvent }] of Object.entries(invariants)) {
        if (afterEvent !== undefined) broken(name, afterEvent(facts, event, at));
      }
    },
  });
  const { scheduler } = world;
  const startedAt = scheduler.now();
  try {
    const goesOn = () => violations.length === 0;
    await play(world, plan, goesOn);
    const rest = goesOn() ? Object.entries(invariants) : [];
    for (const [name, { atRest }] of rest) {
      if (atRest !== undefined) broken(name, await atRest(facts, world));
    }
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    broken('no-surprise', [text]);
  } finally {
    for (const process of world.processes) await process.crash();
    await world.database.end();
  }
  return {
    violations,
    ...{ hash: scheduler.hash(), trace: scheduler.trace, tasks: scheduler.tasks() },
    ...{ events: world.events.length, passed: scheduler.now() - startedAt },
  };
}

/** All steps, to rest, and everything that was answered asked once more; no further than `goesOn`. */
async function play(world: World, plan: Plan, goesOn: () => boolean): Promise<void> {
  const { clients, scheduler } = world;
  const stage = await setUp(world, plan);
  for (const step of plan.steps) {
    if (!goesOn()) return;
    await take(stage, step);
  }
  await comeToRest(world);
  for (const told of clients.told) clients.repeat(told);
  await comeToRest(world);
  // Nothing waits for the next look at Stripe's statement, which comes every minute.
  scheduler.leap(scheduler.now() + STATEMENT_MS);
  await comeToRest(world);
}

/** Nothing fails any more, everybody is there, what was held back comes: time goes on until all is done. */
async function comeToRest(world: World): Promise<void> {
  const { scheduler, network, postman, processes, stripe } = world;
  network.weather = { ...calm };
  for (const process of processes) process.start();
  postman.release();
  for (const { id, status } of stripe.intents.values()) {
    if (status === 'processing') stripe.answerOfBank(id, world.chance.percent(50));
  }
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await scheduler.settle();
    const next = await nextOf(world);
    if (next === null) return;
    if (next > scheduler.now()) scheduler.leap(next);
    else await scheduler.step();
  }
  throw new RangeError(
    `not at rest after ${MOST_ROUNDS} rounds: ${JSON.stringify(await left(world))}`,
  );
}

type Left = {
  readonly position: number;
  readonly outbox: string | null;
  readonly timer: string | null;
  readonly inbox: string | null;
};

async function left({ database }: World): Promise<Left | undefined> {
  const [row] = await database.look<Left>(
    `select coalesce((select position::int from saga.checkpoints), 0) as position,
            (select min(case when status = 'leased' then lease_until else next_attempt_at end)::text
               from saga.outbox where status in ('pending', 'leased')) as outbox,
            (select min(due_at)::text from saga.timers where status = 'pending') as timer,
            (select min(next_attempt_at)::text from stripe.inbox where status = 'pending') as inbox`,
  );
  return row;
}

/** The moment of true time when something is to be done; now: something is under way. Null: nothing is. */
async function nextOf(world: World): Promise<number | null> {
  const { scheduler, database, sagas, store, clients } = world;
  const now = scheduler.now();
  const row = await left(world);
  if (row === undefined) throw new RangeError('the database gives no row');
  const behind = row.position < store.all.length;
  const outside = scheduler.nextOutside();
  const moments = [
    ...(behind || (clients.open() > 0 && outside === null) ? [now] : []),
    ...(outside === null ? [] : [outside]),
    ...[row.outbox, row.inbox].flatMap((at) =>
      at === null ? [] : [Date.parse(at) - database.clock.offset],
    ),
    // Timers go by the clocks of the sagas' processes: the one that is ahead comes first.
    ...(row.timer === null
      ? []
      : [Date.parse(row.timer) - Math.max(...sagas.map(({ clock }) => clock.offset))]),
  ];
  if (moments.length === 0) return null;
  // Work that is due is seen by the loops that look each second; a leap past it wakes them all.
  return Math.max(now, Math.min(...moments));
}
