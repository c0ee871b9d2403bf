import type { Found } from './explore.ts';
import type { Violation } from './run.ts';
import type { TraceLine } from './world/scheduler.ts';

/** Ids as people tell things apart: `enr#1` is the first enrollment that the trace names. */
function nicknames(): (text: string) => string {
  const known = new Map<string, string>();
  const counts = new Map<string, number>();
  const nameOf = (id: string, kind: string): string => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    known.set(id, `${kind}#${number}`);
    return `${kind}#${number}`;
  };
  return (text) =>
    text.replace(/\b([a-z]{2,3})_[0-9a-z]{20,26}(?=_secret|\b)/g, (id: string, kind: string) =>
      nameOf(id, kind),
    );
}

const clockOf = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) =>
    String(Math.floor(part)).padStart(2, '0'),
  );
  return `${parts.join(':')}.${String(ms % 1000).padStart(3, '0')}`;
};

/** Polling is most of a trace and tells little. */
const DULL = /^(timer|turn|sql|notified|events arrive)/;

/** A trace as a table: when, who, what. `all`: with the statements and timers in it. */
export function traceTable(trace: readonly TraceLine[], { all = false } = {}): string {
  const short = nicknames();
  const begun = trace[0]?.at ?? 0;
  const rows = trace
    .filter(({ what }) => all || !DULL.test(what))
    .map(({ at, who, what }) => `${clockOf(at - begun)}  ${who.padEnd(12)}  ${short(what)}`);
  return ['      when     who           what', ...rows].join('\n');
}

export const violationLines = (violations: readonly Violation[]): string =>
  violations.map(({ invariant, what }) => `  ${invariant}: ${what}`).join('\n');

/** Everything that somebody needs who has to find out what went wrong. */
export function foundText({ seed, path, plan, outcome, shrinks }: Found): string {
  return `A plan broke what was promised (made smaller ${shrinks} times):

${violationLines(outcome.violations)}

${traceTable(outcome.trace)}

The plan: ${JSON.stringify(plan)}

Play it again:   npm run simulate -- --seed ${seed} --path ${path}
With all tasks:  npm run simulate -- --seed ${seed} --path ${path} --trace
Keep it:         a row with this plan in test/simulation/seeds.ts, once it is mended
`;
}
