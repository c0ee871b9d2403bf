import fc from 'fast-check';
import { type Outcome, run } from './run.ts';
import { type Plan, plans } from './steps.ts';
import type { Engine } from './world/database.ts';

/** The smallest plan that breaks something, and how it is found again. */
export type Found = {
  readonly seed: number;
  /** fast-check's way from the seed to the smallest plan. */
  readonly path: string;
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly shrinks: number;
};

export type Explored = {
  readonly runs: number;
  readonly tasks: number;
  readonly events: number;
  /** Virtual time of all runs, in milliseconds. */
  readonly passed: number;
  readonly found: Found | null;
};

export type Exploring = {
  readonly engine: Engine;
  /** How many plans. */
  readonly seeds: number;
  readonly seed: number;
  readonly path?: string | undefined;
  readonly onRun?: (runs: number) => void;
  /** How long a plan that broke something is made smaller, in milliseconds; 0: it stays as it is. */
  readonly shrinkMs: number;
  /** Ends the search after the run that is under way. */
  readonly stopped?: () => boolean;
};

/** A plan that breaks nothing is fine; fast-check makes another smaller until it breaks nothing. */
class PlanBroken extends Error {
  override readonly name = 'PlanBroken';
}

/** Plays plans until one breaks a promise, and makes that one as small as it goes. */
export async function explore(options: Exploring): Promise<Explored> {
  const { engine, seeds, seed, path, shrinkMs, onRun, stopped = () => false } = options;
  const totals = { runs: 0, tasks: 0, events: 0, passed: 0 };
  let until = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(plans(), async (plan) => {
    // What is not played any more counts as kept: then fast-check finds nothing smaller, and ends.
    if (stopped() || performance.now() > until) return;
    const outcome = await run(engine, plan);
    totals.runs += 1;
    totals.tasks += outcome.tasks;
    totals.events += outcome.events;
    totals.passed += outcome.passed;
    onRun?.(totals.runs);
    const [first] = outcome.violations;
    if (first === undefined) return;
    until = Math.min(until, performance.now() + shrinkMs);
    throw new PlanBroken(`${first.invariant}: ${first.what}`);
  });
  const details = await fc.check(property, {
    ...{ numRuns: seeds, seed },
    ...(path === undefined ? {} : { path }),
  });
  if (!details.failed || details.counterexample === null) return { ...totals, found: null };
  const [plan] = details.counterexample;
  const outcome = await run(engine, plan);
  const { counterexamplePath, numShrinks: shrinks } = details;
  return { ...totals, found: { seed, path: counterexamplePath ?? '', plan, outcome, shrinks } };
}
