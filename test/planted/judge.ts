import type { PlantedBug } from './bug.ts';
import type { TestOutcome } from './vitest.ts';

/** What came of a bug. Only `seen` is good. */
export type Verdict =
  | { readonly is: 'seen'; readonly by: string }
  /** The oracle is blind: every test stayed green with the bug in place. */
  | { readonly is: 'not-seen' }
  /** Red, but not with the words of the invariant. */
  | { readonly is: 'otherwise'; readonly said: string }
  /** Red, or without the test, before anything was planted: its red would say nothing. */
  | { readonly is: 'unsound'; readonly because: string };

/** The spec has to be green without the bug, and to have the test that is said to see it. */
export const soundness = (bug: PlantedBug, before: TestOutcome): Verdict | undefined => {
  if (before.broken !== undefined) return { is: 'unsound', because: before.broken };
  const red = before.tests.find(({ state }) => state === 'failed');
  if (red !== undefined) return { is: 'unsound', because: `${red.name}\n${red.errors}` };
  const ran = before.tests.filter(({ state, name }) => state === 'passed' && isNamed(bug, name));
  if (ran.length > 0) return undefined;
  return { is: 'unsound', because: `no test ran${bug.test === undefined ? '' : `: ${bug.test}`}` };
};

export const judge = (bug: PlantedBug, after: TestOutcome): Verdict => {
  const failed = after.tests.filter(({ state }) => state === 'failed');
  const seeing = failed.find(({ errors }) => bug.red.test(errors));
  if (seeing !== undefined) return { is: 'seen', by: seeing.name };
  const first = failed[0];
  if (first !== undefined) return { is: 'otherwise', said: `${first.name}\n${first.errors}` };
  return after.broken === undefined ? { is: 'not-seen' } : { is: 'otherwise', said: after.broken };
};

const isNamed = ({ test }: PlantedBug, name: string): boolean =>
  test === undefined || name.includes(test);
