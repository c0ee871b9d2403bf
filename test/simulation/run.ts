import { createFacts } from './invariants/facts.ts';
import { invariants } from './invariants/index.ts';
import { comeToRest } from './rest.ts';
import { type Plan, setUp, take } from './steps.ts';
import type { Engine } from './world/database.ts';
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
  // Nothing waits for the next look at Stripe's statement, which comes every minute. Two: the first may
  // meet the lease of a killed reader, which a clock that was set back has made last.
  for (let looks = 0; looks < 2; looks += 1) {
    scheduler.leap(scheduler.now() + STATEMENT_MS);
    await comeToRest(world);
  }
}
