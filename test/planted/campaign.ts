import type { PlantedBug } from './bug.ts';
import { judge, soundness, type Verdict } from './judge.ts';
import type { Scratch } from './scratch.ts';
import { type Asked, isLong, runSpec } from './vitest.ts';

export type Judged = {
  readonly bug: PlantedBug;
  readonly verdict: Verdict;
  readonly milliseconds: number;
};

/** Bugs that are seen by the same spec under the same settings: it runs once without any of them. */
type Group = { readonly asked: Asked; readonly bugs: readonly PlantedBug[] };

/**
 * Each lane has a tree of its own and takes the next spec when it is done with one. Every other lane
 * begins with the long ones: they start platforms, and four of those at once would starve each other.
 */
export const runCampaign = async (
  bugs: readonly PlantedBug[],
  lanes: readonly Scratch[],
  env: Asked['env'],
  hear: (judged: Judged) => void,
  signal: AbortSignal,
): Promise<Judged[]> => {
  const waiting = groupsOf(bugs, env);
  const all: Judged[] = [];
  const lane = async (scratch: Scratch, index: number): Promise<void> => {
    const next = () => takeNext(waiting, index % 2 === 1);
    for (let group = next(); group !== undefined; group = next()) {
      for await (const judged of judgeGroup(group, scratch, signal)) {
        all.push(judged);
        hear(judged);
      }
    }
  };
  await Promise.all(lanes.map(lane));
  return all;
};

/** A long one or a short one as wished, or else what there is. */
export const takeNext = <G extends { readonly asked: Pick<Asked, 'spec'> }>(
  waiting: G[],
  long: boolean,
): G | undefined => {
  const at = waiting.findIndex(({ asked }) => isLong(asked.spec) === long);
  return waiting.splice(Math.max(0, at), 1)[0];
};

/** The largest first, so that no lane ends with a long one alone. */
export const groupsOf = (bugs: readonly PlantedBug[], env: Asked['env']): Group[] => {
  const groups = Map.groupBy(bugs, ({ spec, test, apart, env: own, patience }) =>
    JSON.stringify([spec, apart === true ? test : null, own ?? {}, patience ?? null]),
  );
  return [...groups.values()]
    .map((of) => ({ asked: askedFor(of, env), bugs: of }))
    .toSorted((a, b) => b.bugs.length - a.bugs.length);
};

const askedFor = (bugs: readonly PlantedBug[], env: Asked['env']): Asked => {
  const [{ spec, env: own, patience }] = bugs as [PlantedBug];
  const named = bugs.flatMap(({ test }) => test ?? []);
  return {
    spec,
    tests: named.length === bugs.length ? [...new Set(named)] : [],
    env: { ...env, ...own },
    ...(patience === undefined ? {} : { patience }),
  };
};

async function* judgeGroup(
  { asked, bugs }: Group,
  scratch: Scratch,
  signal: AbortSignal,
): AsyncGenerator<Judged> {
  const before = await runSpec(scratch.root, asked, signal);
  for (const bug of bugs) {
    const begun = performance.now();
    // The same tests as before the bug: one that builds on another would be red without it.
    const verdict =
      soundness(bug, before) ??
      (await scratch.withBug(bug, async () =>
        judge(bug, await runSpec(scratch.root, asked, signal)),
      ));
    yield { bug, verdict, milliseconds: performance.now() - begun };
  }
}
